"""Whether a record is complete: only when everything is there, and never when that cannot be told."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from sweeps.record.completeness import is_complete
from sweeps.record.recorder import Recorder
from tests.record.synthetic import FACTS, evaluation

RUNGS = {0: 0, 2: 1}


@pytest.fixture
def database(odd_path: Path) -> Path:
    return odd_path / "mlflow.db"


@pytest.fixture
def recorder(database: Path, tmp_path: Path) -> Recorder:
    """The record of two trials, one of which was promoted, before its end."""
    recorder = Recorder(f"sqlite:///{database}", tmp_path / "artifacts", FACTS)
    recorder.open()
    for trial, rung in ((0, 0), (2, 0), (2, 1)):
        recorder.record(evaluation(trial, rung), None)
    for trial in RUNGS:
        recorder.close_trial(trial, status="FINISHED", why="")
    return recorder


def complete(database: Path, rungs: dict[int, int] = RUNGS, sweep_id: str = FACTS.experiment) -> bool:
    return is_complete(f"sqlite:///{database}", sweep_id, rungs)


def test_a_record_is_complete_from_its_end_on(recorder: Recorder, database: Path) -> None:
    assert not complete(database)
    recorder.finish(status="FINISHED", metrics={}, artifacts=[])
    assert complete(database)


def test_a_record_that_goes_on_or_was_interrupted_is_not_complete(recorder: Recorder, database: Path) -> None:
    recorder.finish(status="FINISHED", metrics={}, artifacts=[])
    recorder.open()
    assert not complete(database)
    recorder.finish(status="KILLED", metrics={}, artifacts=[])
    assert not complete(database)


@pytest.mark.parametrize("rungs", [{0: 0, 2: 2}, {0: 0}, {0: 0, 2: 1, 3: 0}, {}])
def test_a_record_of_other_evaluations_is_not_complete(
    recorder: Recorder, database: Path, rungs: dict[int, int]
) -> None:
    recorder.finish(status="FINISHED", metrics={}, artifacts=[])
    assert not complete(database, rungs)


def test_a_record_from_which_something_was_deleted_is_not_complete(recorder: Recorder, database: Path) -> None:
    recorder.finish(status="FINISHED", metrics={}, artifacts=[])
    client = MlflowClient(f"sqlite:///{database}")
    client.delete_run(str(recorder.run_id(2)))
    assert not complete(database)
    client.restore_run(str(recorder.run_id(2)))
    assert complete(database)
    client.delete_experiment(recorder.experiment_id)
    assert not complete(database)


def test_the_record_of_another_sweep_is_not_this_one(recorder: Recorder, database: Path) -> None:
    recorder.finish(status="FINISHED", metrics={}, artifacts=[])
    assert not complete(database, sweep_id="another")


def test_what_cannot_be_read_is_not_known_to_be_complete_and_is_not_made(tmp_path: Path) -> None:
    absent, foreign, other = tmp_path / "absent.db", tmp_path / "foreign.db", tmp_path / "other.db"
    foreign.write_text("no database")
    with closing(sqlite3.connect(other)) as store:
        store.execute("CREATE TABLE runs (name)")
    assert [complete(path) for path in (absent, foreign, other)] == [False, False, False]
    assert not absent.exists()
    assert not is_complete("http://127.0.0.1:9", FACTS.experiment, RUNGS)
