"""The board: sweeps submitted once, seen as they stand, steered as far as it makes sense; all of it after a restart."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sweeps.errors import StorageError, SweepError
from sweeps.execution.storage import write_atomically
from sweeps.record.connection import RecordError
from sweeps.service.attempts import begin_attempt
from sweeps.service.board import Board, KeyReused, Refused, UnknownSweep
from sweeps.service.claims import Claims
from sweeps.service.refs import project_home
from sweeps.spec import SweepSpec
from tests.service.service_on_disk import IdleExecutor, open_board
from tests.sweep_on_disk import begin, finish, small_spec

SPEC = small_spec()
REF = SPEC.sweep_id


@pytest.fixture
def executor() -> IdleExecutor:
    return IdleExecutor()


@pytest.fixture
def board(tmp_path: Path, executor: IdleExecutor) -> Board:
    return open_board(tmp_path, executor)


def submit(board: Board, spec: SweepSpec = SPEC, project: str = "default", key: str = "", by: str = "ann") -> bool:
    return board.submit(spec, project=project, priority=0, by=by, key=key)[1]


def test_what_is_submitted_lies_in_its_project_and_waits(board: Board, tmp_path: Path) -> None:
    view, created = board.submit(SPEC, project="team", priority=3, by="ann", key="")
    assert created
    assert (view.ref, view.state, view.wish, view.priority) == (f"team~{REF}", "queued", "run", 3)
    assert (view.name, view.model, view.dataset, view.objective) == ("small", "beta_vae", "digits", "fid")
    assert (view.evaluations, view.planned, view.attempts, view.submitted_by) == (0, 6, 0, "ann")
    spec = tmp_path / "projects" / "team" / "sweeps" / REF / "spec.json"
    assert board.files(view.ref).spec == spec
    assert json.loads(spec.read_text()) == SPEC.model_dump(mode="json")


def test_a_sweep_is_known_as_it_stood_when_it_was_looked_at_last(board: Board, executor: IdleExecutor) -> None:
    assert board.lately(REF) is None
    submit(board)
    executor.running.add(REF)
    assert [view and view.state for view in (board.lately(REF), board.view(REF), board.lately(REF))] == [
        "queued",
        "running",
        "running",
    ]


def test_the_same_spec_is_the_same_sweep_also_after_a_restart(board: Board, tmp_path: Path) -> None:
    assert submit(board)
    view = board.view(REF)
    again = open_board(tmp_path, IdleExecutor())
    assert again.submit(SPEC, project="default", priority=9, by="bob", key="") == (view, False)
    assert open_board(tmp_path, IdleExecutor()).views() == [view]


def test_of_many_who_submit_at_once_one_is_first(board: Board) -> None:
    with ThreadPoolExecutor(8) as many:
        created = list(many.map(lambda n: submit(board, by=f"caller {n}"), range(16)))
    assert created.count(True) == 1
    assert [view.ref for view in board.views()] == [REF]


def test_a_key_is_for_one_sweep_of_one_submitter(board: Board, tmp_path: Path) -> None:
    other = small_spec(seed=1)
    assert submit(board, key="k")
    assert not submit(board, key="k")
    for after in (board, open_board(tmp_path, IdleExecutor())):
        with pytest.raises(KeyReused, match=f"this one was used for {REF}"):
            submit(after, other, key="k")
        with pytest.raises(KeyReused):
            submit(after, SPEC, project="team", key="k")
    assert [view.ref for view in board.views()] == [REF]
    assert submit(board, other, key="k", by="bob")


def test_nothing_is_claimed_where_another_spec_lies(board: Board, tmp_path: Path) -> None:
    path = project_home(tmp_path, "default").sweep(REF).spec
    write_atomically(path, small_spec(seed=1).canonical().encode())
    with pytest.raises(StorageError, match="must hold the spec of"):
        submit(board)
    assert board.views() == []


@pytest.mark.parametrize("project", ["..", "../x", "Team", "", "a~b", "a/b", "-a"])
def test_a_project_that_is_no_name_is_refused_before_anything_is_written(
    board: Board, tmp_path: Path, project: str
) -> None:
    with pytest.raises(SweepError, match="a project is 1 to 30"):
        submit(board, project=project)
    assert list(tmp_path.iterdir()) == []


def test_tensorboard_is_asked_for_by_any_submission_of_a_sweep(board: Board) -> None:
    """It is no part of a sweep, whose spec says nothing of it: its process finds the folder."""
    submit(board)
    assert not board.files(REF).tensorboard.exists()
    for _ in range(2):
        assert not submit(board, small_spec(tensorboard=True))
        assert board.files(REF).tensorboard.is_dir()
    board.files(REF).tensorboard.rmdir()
    board.files(REF).tensorboard.touch()
    with pytest.raises(StorageError, match="must be a folder"):
        submit(board, small_spec(tensorboard=True))


def test_views_are_the_latest_first_and_of_every_project(board: Board) -> None:
    specs = [small_spec(seed=seed) for seed in range(3)]
    for spec, project in zip(specs, ("default", "team", "default"), strict=True):
        submit(board, spec, project)
    views = board.views()
    assert [view.submitted_ms for view in views] == sorted((view.submitted_ms for view in views), reverse=True)
    assert {view.project for view in views} == {"default", "team"}


def test_a_view_follows_the_files(board: Board, executor: IdleExecutor, tmp_path: Path) -> None:
    submit(board)
    home = project_home(tmp_path, "default")
    begin(home, SPEC, evaluations=2)
    begin_attempt(board.files(REF), now_ms=0, known=0)
    executor.running = {REF}
    view = board.view(REF)
    assert (view.state, view.evaluations, view.attempts) == ("running", 2, 1)
    executor.running.clear()
    assert board.view(REF).state == "queued"
    finish(home, SPEC)
    assert (board.view(REF).state, board.view(REF).evaluations) == ("finished", 6)
    assert board.view(REF).champion is not None


def test_a_sweep_that_was_given_up_says_why_and_is_tried_again_when_asked(board: Board) -> None:
    submit(board)
    for _ in range(3):
        begin_attempt(board.files(REF), now_ms=0, known=0).log.write_text("first line\ncannot read the dataset\n")
    view = board.view(REF)
    assert view.state == "failed"
    assert view.why == ("it ended 3 times without a new result, and its log with:\nfirst line\ncannot read the dataset")
    assert board.wish(REF, "run", "ann").state == "queued"
    for _ in range(3):
        assert board.view(REF).state == "queued"
        begin_attempt(board.files(REF), now_ms=0, known=0)
    assert board.view(REF).state == "failed"


def conclude(board: Board, **changes: object) -> None:
    conclusion = board.files(REF).conclusion
    conclusion.write_text(json.dumps({**json.loads(conclusion.read_text()), **changes}))


def test_a_sweep_that_ended_while_the_record_was_away_is_to_run_again_until_it_is_recorded(
    board: Board, executor: IdleExecutor, tmp_path: Path
) -> None:
    submit(board)
    begin_attempt(board.files(REF), now_ms=0, known=5)
    finish(project_home(tmp_path, "default"), SPEC)
    conclude(board, record_trouble="MLflow does not answer")
    board.look_again()
    (view,) = board.views()
    assert (view.state, view.is_behind) == ("finished", True)
    executor.running = {REF}
    assert board.view(REF).state == "running"
    executor.running.clear()
    for _ in range(2):
        begin_attempt(board.files(REF), now_ms=0, known=6)
        assert board.view(REF).is_behind
    begin_attempt(board.files(REF), now_ms=0, known=6)
    assert (board.view(REF).state, board.view(REF).is_behind) == ("finished", False)


def test_a_sweep_that_has_been_recorded_is_looked_at_no_more(board: Board, tmp_path: Path) -> None:
    submit(board)
    finish(project_home(tmp_path, "default"), SPEC)
    conclude(board, record_trouble="MLflow does not answer")
    board.refresh()
    conclude(board, record_trouble="")
    board.refresh()
    assert [(view.state, view.is_behind) for view in board.views()] == [("finished", False)]


def test_the_attempts_after_which_a_sweep_is_given_up_can_be_set(tmp_path: Path, executor: IdleExecutor) -> None:
    claims = Claims(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "artifacts")
    board = Board(tmp_path, claims, executor, attempts=1)
    submit(board)
    begin_attempt(board.files(REF), now_ms=0, known=0)
    assert (board.view(REF).state, board.view(REF).why) == (
        "failed",
        "it ended once without a new result, and said nothing",
    )


def test_a_damaged_sweep_has_failed_and_hides_no_other(board: Board) -> None:
    submit(board)
    submit(board, small_spec(seed=1))
    board.files(REF).conclusion.write_text("{")
    board.refresh()
    fresh = {view.ref: view for view in board.views()}
    assert fresh[REF].state == "failed"
    assert "it must be a whole JSON file" in fresh[REF].why
    assert fresh[small_spec(seed=1).sweep_id].state == "queued"


def test_wishes_last_over_restarts(board: Board, executor: IdleExecutor, tmp_path: Path) -> None:
    submit(board)
    executor.running = {REF}
    assert board.wish(REF, "pause", "ann").state == "pausing"
    executor.running.clear()
    assert open_board(tmp_path, executor).view(REF).state == "paused"
    assert board.wish(REF, "cancel", "ann").state == "cancelled"
    later = open_board(tmp_path, executor)
    assert later.views()[0].state == "cancelled"
    assert later.submit(SPEC, project="default", priority=0, by="ann", key="")[0].state == "cancelled"
    with pytest.raises(Refused, match="only a sweep that waits or runs can be paused"):
        later.wish(REF, "pause", "ann")
    assert later.wish(REF, "run", "ann").state == "queued"
    assert later.set_priority(REF, 7, "ann").priority == 7
    assert open_board(tmp_path, executor).view(REF).priority == 7


def test_nothing_is_left_to_wish_of_a_finished_sweep(board: Board, tmp_path: Path) -> None:
    submit(board)
    finish(project_home(tmp_path, "default"), SPEC)
    for wish in ("run", "pause", "cancel"):
        with pytest.raises(Refused, match="has finished"):
            board.wish(REF, wish, "ann")


def test_every_change_wakes_whoever_waits_and_looking_does_not(board: Board) -> None:
    submit(board)
    changes: list[Callable[[], object]] = [
        lambda: board.wish(REF, "pause", "a"),
        lambda: board.set_priority(REF, 2, "a"),
    ]
    for change in changes:
        board.changed.clear()
        board.view(REF)
        board.views()
        assert not board.changed.is_set()
        change()
        assert board.changed.is_set()


@pytest.mark.parametrize("ref", ["small-00000000", "../small-00000000", "team~small-00000000", "", "default~" + REF])
def test_what_nobody_submitted_is_unknown(board: Board, ref: str) -> None:
    submit(board)
    for asked in (board.view, board.files, lambda ref: board.wish(ref, "run", "ann")):
        with pytest.raises(UnknownSweep):
            asked(ref)


def test_a_record_that_is_away_refuses_what_it_would_have_to_keep(tmp_path: Path) -> None:
    board = open_board(tmp_path, IdleExecutor(), "http://127.0.0.1:9")
    for asked in (lambda: submit(board), board.views, lambda: board.view(REF)):
        with pytest.raises(RecordError):
            asked()
    health = board.health()
    assert "127.0.0.1:9" in health["mlflow"]
    assert (health["storage"], health["executor"]) == ("ok", "ok")


def test_health_tells_what_is_wrong(board: Board, tmp_path: Path) -> None:
    assert board.health() == {"mlflow": "ok", "storage": "ok", "executor": "ok"}
    (tmp_path / "service" / "probe").unlink()
    (tmp_path / "service" / "probe").mkdir()
    board.trouble = "no room"
    assert "must be writable" in board.health()["storage"]
    assert board.health()["executor"] == "no room"


def test_an_old_look_does_not_undo_a_wish(board: Board, executor: IdleExecutor) -> None:
    submit(board)
    board.refresh()
    executor.meanwhile = [lambda: board.wish(REF, "cancel", "ann")]
    board.view(REF)
    assert executor.meanwhile == []
    assert [view.state for view in board.views()] == ["cancelled"]
