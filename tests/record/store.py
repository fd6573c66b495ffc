"""A real MLflow store of a test's own, what a recorder should have put there, and how to look into it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run

from sweeps.execution.result import EvaluationResult
from sweeps.record.empty_store import make_empty_store
from sweeps.record.layout import evaluation_points
from sweeps.record.recorder import Recorder
from sweeps.record.sqlite_client import SqliteClient
from tests.record.synthetic import FACTS, PROMOTED, sweep_results, write_samples

__all__ = ["Rows", "Store", "expected_points", "record_all"]

Rows = list[tuple[Any, ...]]


Client = type[MlflowClient] | type[SqliteClient]


class Store:
    """A SQLite store in a folder whose name needs quoting, and how to look into it.

    Attributes:
        written_by: The client that recorders of it use.
    """

    def __init__(self, folder: Path, written_by: Client) -> None:
        self.written_by = written_by
        self.database = folder / "mlflow.db"
        self.uri = f"sqlite:///{self.database}"
        self.artifacts = folder / "it's an artifact root"
        assert make_empty_store(self.database, mlflow.__version__)
        self.client = MlflowClient(self.uri)

    def recorder(self) -> Recorder:
        return Recorder(self.uri, self.artifacts, FACTS)

    def rows(self, query: str) -> Rows:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query).fetchall()

    def points(self) -> Rows:
        """Every point as (trial's run name, key, step, value, timestamp), sorted."""
        return self.rows(
            "select runs.name, key, step, value, timestamp from metrics join runs using (run_uuid) "
            "where lifecycle_stage = 'active' order by 1, 2, 3, 4, 5"
        )

    def runs(self) -> dict[str, Run]:
        experiment = self.client.get_experiment_by_name(FACTS.experiment)
        assert experiment is not None
        found = self.client.search_runs([experiment.experiment_id])
        assert len({run.info.run_name for run in found}) == len(found)
        return {str(run.info.run_name): run for run in found}

    def files(self, run: Run) -> list[str]:
        folder = self.artifacts / FACTS.experiment / run.info.run_id / "artifacts"
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def expected_points(results: list[EvaluationResult]) -> Rows:
    return sorted(
        (f"trial-{result.trial:03d}", point.key, point.step, point.value, point.timestamp)
        for result in results
        for point in evaluation_points(result, "fid")
    )


def record_all(recorder: Recorder, samples: Path) -> None:
    recorder.open()
    for result in sweep_results():
        recorder.record(result, write_samples(samples / f"{result.trial}-{result.rung}.png", result.trial, result.rung))
    for rung, trials in enumerate(PROMOTED):
        for trial in set(trials) - set(PROMOTED[rung + 1] if rung < 2 else ()):
            recorder.close_trial(trial, status="FINISHED", why="reached the top" if rung == 2 else "not promoted")
