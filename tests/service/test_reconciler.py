"""The reconciler brings about what is wished, and neither MLflow nor the disk ends it."""

import json
from pathlib import Path

import pytest

from sweeps.errors import StorageError
from sweeps.execution.storage import Home
from sweeps.record.connection import RecordError
from sweeps.service.board import Board
from sweeps.service.reconciler import READ_SECONDS, Reconciler
from tests.end_to_end.sweep_process import wait_until
from tests.service.service_on_disk import IdleExecutor, open_board
from tests.sweep_on_disk import finish, small_spec

SPECS = [small_spec(seed=seed) for seed in range(3)]
IDS = [spec.sweep_id for spec in SPECS]


@pytest.fixture
def executor() -> IdleExecutor:
    return IdleExecutor()


@pytest.fixture
def board(tmp_path: Path, executor: IdleExecutor) -> Board:
    board = open_board(tmp_path, executor)
    for spec, priority in zip(SPECS, (0, 5, 0), strict=True):
        board.submit(spec, project="default", priority=priority, by="ann", key="")
    return board


def test_it_starts_as_many_as_may_run_and_the_next_when_one_ends(board: Board, executor: IdleExecutor) -> None:
    reconciler = Reconciler(board, executor, max_running=1)
    reconciler.step()
    reconciler.step()
    assert executor.started == [IDS[1]]
    board.wish(IDS[1], "cancel", "ann")
    reconciler.step()
    assert (executor.started, executor.stopped) == ([IDS[1]], [IDS[1]])
    executor.running.clear()
    reconciler.step()
    assert executor.started == [IDS[1], IDS[0]]
    board.wish(IDS[0], "pause", "ann")
    executor.running.clear()
    reconciler.step()
    assert executor.started == [IDS[1], IDS[0], IDS[2]]
    assert {view.ref: view.state for view in board.views()}[IDS[1]] == "cancelled"


def test_what_died_is_started_again_by_whichever_service_lives(
    board: Board, executor: IdleExecutor, tmp_path: Path
) -> None:
    Reconciler(board, executor, max_running=3).step()
    later = IdleExecutor()
    later.running = {IDS[0]}
    reconciler = Reconciler(open_board(tmp_path, later), later, max_running=3)
    reconciler.step()
    assert sorted(later.started) == sorted(IDS[1:])


def test_one_sweep_that_cannot_start_keeps_no_other_from_it(
    board: Board, executor: IdleExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    troubles = [StorageError("the disk is full"), OSError("no more processes")]

    def fail() -> None:
        if troubles:
            raise troubles.pop(0)

    executor.fails = fail
    reconciler = Reconciler(board, executor, max_running=3)
    reconciler.step()
    assert executor.started == [IDS[2]]
    assert "the disk is full" in board.health()["executor"]
    assert "no more processes" in caplog.text
    reconciler.step()
    assert sorted(executor.started) == sorted(IDS)
    assert board.health()["executor"] == "ok"


def test_the_record_is_read_rarely_and_at_once_after_trouble(
    board: Board, executor: IdleExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, read, refresh = [0.0], list[float](), board.refresh

    def refresh_noted() -> None:
        read.append(now[0])
        refresh()

    monkeypatch.setattr(board, "refresh", refresh_noted)
    reconciler = Reconciler(board, executor, max_running=1, clock=lambda: now[0])
    database = tmp_path / "mlflow.db"
    for seconds in (0.0, 1.0, READ_SECONDS, READ_SECONDS + 1):
        now[0] = seconds
        reconciler.step()
    assert read == [0.0, READ_SECONDS]
    now[0] = 2 * READ_SECONDS
    kept = database.read_bytes()
    database.write_bytes(b"no database" * 1000)
    reconciler.step()
    assert "MLflow" in board.trouble
    assert len(board.snapshot()) == 3
    database.write_bytes(kept)
    now[0] += 1
    reconciler.step()
    assert read[2:] == [2 * READ_SECONDS, 2 * READ_SECONDS + 1]
    assert board.trouble == ""


def test_a_sweep_that_is_behind_in_the_record_waits_for_the_record(
    board: Board, executor: IdleExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for spec in SPECS:
        conclusion = finish(Home(tmp_path), spec).conclusion
        conclusion.write_text(json.dumps({**json.loads(conclusion.read_text()), "record_trouble": "it was away"}))
    reconciler = Reconciler(board, executor, max_running=1)

    def away() -> None:
        raise RecordError("MLflow is away")

    with monkeypatch.context() as broken:
        broken.setattr(board, "refresh", away)
        board.look_again()
        reconciler.step()
    assert executor.started == []
    reconciler.step()
    assert executor.started == [IDS[1]]


def test_its_thread_acts_on_a_change_and_outlives_a_fault_of_ours(
    board: Board, executor: IdleExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [ValueError("a fault of ours")]
    look_again = board.look_again

    def faulty() -> None:
        if faults:
            raise faults.pop()
        look_again()

    monkeypatch.setattr(board, "look_again", faulty)
    reconciler = Reconciler(board, executor, max_running=1)
    reconciler.start()
    wait_until(lambda: executor.started == [IDS[1]])
    board.wish(IDS[1], "cancel", "ann")
    wait_until(lambda: IDS[1] in executor.stopped)
    reconciler.close()
    assert executor.started == [IDS[1]]
