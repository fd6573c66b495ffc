"""A real Ray whose head is killed while a sweep runs: the sweep goes on, alone, and ends as if nothing had happened."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest

from models.datasets import load_training
from sweeps.conclude import choose
from sweeps.execution.evaluation import evaluate
from sweeps.execution.lease import is_held
from sweeps.execution.storage import Home, SweepFiles
from sweeps.execution.supplies import Supplies
from sweeps.execution.workbench import set_up_workbench
from sweeps.search.cross_validation import assign_folds
from sweeps.search.search import Outcome
from sweeps.search.seeds import Purpose, derive_seed
from sweeps.service.ray_executor import RayExecutor
from sweeps.service.reconciler import Reconciler
from tests.end_to_end.sweep_process import wait_until
from tests.service.ray_head import RayHead
from tests.service.service_on_disk import open_board
from tests.sweep_on_disk import new_search, small_spec

SPEC = small_spec(dataset={"name": "digits", "limit": 200}, folds=2)


def undisturbed(home: Home) -> tuple[int, list[float]]:
    """Return champion and folds of the sweep, computed one evaluation after the other in this process."""
    dataset, files, search = load_training("digits", limit=200), home.sweep(SPEC.sweep_id), new_search(SPEC)
    folds = assign_folds(dataset.labels, SPEC.folds, derive_seed(SPEC.seed, Purpose.SPLIT))
    bench = set_up_workbench(Supplies(SPEC, files, home.features, dataset, folds))
    while (evaluation := search.ask()) is not None:
        result = evaluate(bench, evaluation)
        search.tell(Outcome(result.trial, result.rung, tuple(result.folds)))
    verdict = choose(SPEC, search)
    assert verdict is not None
    return verdict.champion.trial, list(verdict.champion.folds)


def is_driver(command: str) -> bool:
    return "sweeps.service.job" in command


def begun(files: SweepFiles) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in files.root.glob("evaluations/*/*.json")}


@pytest.mark.slow
@pytest.mark.ray
def test_a_sweep_outlives_the_head_of_its_ray_and_never_runs_twice_at_once(tmp_path: Path, ray_head: RayHead) -> None:
    home = tmp_path / "home"
    executor = RayExecutor(ray_head.jobs(), f"sqlite:///{home / 'mlflow.db'}", python=sys.executable)
    board = open_board(home, executor)
    ref = board.submit(SPEC, project="team", priority=0, by="ann", key="")[0].ref
    files = board.files(ref)
    reconciler = Reconciler(board, executor, max_running=1)
    reconciler.start()
    try:
        wait_until(lambda: board.view(ref).evaluations > 0)
        ray_head.kill(spare=is_driver)
        before = begun(files)
        # The driver is an orphan by now, and holds the sweep.
        assert is_held(files.job)
        assert board.view(ref).state == "running"
        assert "Ray must answer" in board.health()["executor"]
        ray_head.start()
        expected = undisturbed(Home(tmp_path / "undisturbed"))
        ray_head.wait()
        wait_until(lambda: board.view(ref).state in ("finished", "failed"))
    finally:
        reconciler.close()
    view = board.view(ref)
    assert (view.state, view.attempts) == ("finished", 2)
    assert 0 < len(before) < view.planned == view.evaluations
    assert before.items() <= begun(files).items()
    assert view.champion is not None
    assert (view.champion["trial"], view.champion["folds"]) == expected
    spans = sorted((result.started, result.ended) for result in files.results())
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))
