"""The contract of executors, against real processes here and real jobs of a real Ray."""

import sys
from collections.abc import Callable

import pytest

from sweeps.execution.lease import is_held, take_lock
from sweeps.execution.storage import Home, SweepFiles, write_atomically
from sweeps.service.attempts import known_at_starts
from sweeps.service.executor import Executor
from sweeps.service.local_executor import LocalExecutor
from sweeps.service.ray_executor import RayExecutor
from tests.end_to_end.sweep_process import wait_until
from tests.service.ray_head import RayHead
from tests.sweep_on_disk import small_spec

SPEC = small_spec(dataset={"name": "digits", "limit": 200}, folds=2)

NewExecutor = Callable[[], Executor]


@pytest.fixture
def files(home: Home) -> SweepFiles:
    return home.sweep(SPEC.sweep_id)


@pytest.fixture(params=["local", pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.slow])])
def new_executor(request: pytest.FixtureRequest, files: SweepFiles) -> NewExecutor:
    """Makes executors, each as a service that has just been started has it."""
    uri = f"sqlite:///{files.root.parent.parent / 'mlflow.db'}"
    if request.param == "local":
        return lambda: LocalExecutor(uri, workers=1)
    head: RayHead = request.getfixturevalue("ray_head")
    return lambda: RayExecutor(head.jobs(), uri, workers=1, python=sys.executable)


def test_a_process_runs_once_from_its_start_to_its_end_and_leaves_its_words(
    new_executor: NewExecutor, files: SweepFiles
) -> None:
    """The first ends soon, since no spec lies there; the second is asked to end as soon as it runs."""
    executor = new_executor()
    assert executor.health() == "ok"
    assert not executor.is_running(files)
    assert executor.tail(files, 10) == ""
    assert executor.start(SPEC.sweep_id, files)
    for another in (executor, new_executor()):
        assert another.is_running(files)
        assert not another.start(SPEC.sweep_id, files)
    assert known_at_starts(files) == [0]
    wait_until(lambda: not executor.is_running(files))
    assert not new_executor().is_running(files)
    assert "must hold the spec of a sweep" in " ".join(executor.tail(files, 10).split())
    assert executor.tail(files, 1) == executor.tail(files, 10).splitlines()[-1]

    write_atomically(files.spec, SPEC.canonical().encode())
    assert executor.start(SPEC.sweep_id, files)
    assert known_at_starts(files) == [0, 0]
    wait_until(lambda: is_held(files.lease))

    def has_ended() -> bool:
        executor.stop(files)
        return not executor.is_running(files)

    wait_until(has_ended)
    assert not files.conclusion.exists()


def test_nothing_is_started_beside_a_process_of_anybody_else(new_executor: NewExecutor, files: SweepFiles) -> None:
    executor = new_executor()
    for path in (files.job, files.lease):
        lock = take_lock(path)
        assert lock is not None
        with lock:
            assert executor.is_running(files)
            assert not executor.start(SPEC.sweep_id, files)
        assert not executor.is_running(files)
    assert known_at_starts(files) == []
