"""Real sweeps under a service: one that is killed, paused, cancelled and resumed ends as an undisturbed one does."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sweeps.execution.lease import read_holder
from sweeps.record.completeness import is_complete
from sweeps.service.board import Board, SweepView
from sweeps.service.local_executor import LocalExecutor
from sweeps.service.reconciler import Reconciler
from tests.end_to_end.sweep_process import wait_until
from tests.service.service_on_disk import open_board
from tests.sweep_on_disk import small_spec

SPEC = small_spec(dataset={"name": "digits", "limit": 200}, folds=2)


@contextmanager
def service(home: Path) -> Iterator[Board]:
    """Serve a home without HTTP; what runs goes on running afterwards."""
    executor = LocalExecutor(f"sqlite:///{home / 'mlflow.db'}", workers=1)
    board = open_board(home, executor)
    reconciler = Reconciler(board, executor, max_running=1)
    reconciler.start()
    try:
        yield board
    finally:
        reconciler.close()


def wait_for(board: Board, ref: str, *states: str) -> SweepView:
    """Return a sweep once it is in one of some states; fail at the deadline."""
    wait_until(lambda: board.view(ref).state in states)
    return board.view(ref)


@pytest.mark.slow
@pytest.mark.ray
def test_a_sweep_ends_the_same_whatever_happens_to_it(tmp_path: Path) -> None:
    with service(tmp_path) as board:
        undisturbed = board.submit(SPEC, project="default", priority=1, by="ann", key="")[0].ref
        shown = SPEC.model_copy(update={"tensorboard": True})
        ref = board.submit(shown, project="team", priority=0, by="ann", key="")[0].ref
        files = board.files(ref)
        expected = wait_for(board, undisturbed, "finished", "failed")
        assert (expected.state, expected.attempts) == ("finished", 1)

        wait_until(lambda: board.view(ref).evaluations > 0)
        first = read_holder(files.lease)
        assert first is not None
    # Without a service the sweep goes on; it is killed, and the next service starts it again.
    os.kill(first.pid, signal.SIGKILL)
    with service(tmp_path) as board:
        wait_until(lambda: (holder := read_holder(files.lease)) is not None and holder != first)
        assert board.view(ref).attempts == 2
        board.wish(ref, "pause", "ann")
        paused = wait_for(board, ref, "paused", "finished")
        assert (paused.state, paused.attempts) == ("paused", 2)
        assert 0 < paused.evaluations < paused.planned
        assert board.wish(ref, "cancel", "ann").state == "cancelled"
    with service(tmp_path) as board:
        assert [view.state for view in board.views()] == ["cancelled", "finished"]
        board.wish(ref, "run", "ann")
        ended = wait_for(board, ref, "finished", "failed")
    assert (ended.state, ended.attempts, ended.champion) == ("finished", 3, expected.champion)
    assert len(list(files.tensorboard.rglob("events.out.tfevents.*"))) == ended.evaluations
    assert not board.files(undisturbed).tensorboard.exists()
    for recorded in (undisturbed, ref):
        rungs = {result.trial: result.rung for result in board.files(recorded).results()}
        assert is_complete(f"sqlite:///{tmp_path / 'mlflow.db'}", recorded, rungs)
