"""Fixtures of the record's tests."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from sweeps.execution.storage import Home, SweepFiles
from sweeps.record import recorder
from sweeps.record.sqlite_client import SqliteClient
from tests.record.store import Store
from tests.record.synthetic import FACTS, sweep_results, write_samples


@pytest.fixture(params=[SqliteClient, MlflowClient], ids=["written without MLflow", "written by MLflow"])
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Store:
    """A store in a folder of the test's own."""
    if request.param is MlflowClient:
        monkeypatch.setattr(recorder, "can_write", lambda *_: False)
    return Store(tmp_path, request.param)


@pytest.fixture
def files(home: Home) -> SweepFiles:
    """A sweep of 13 evaluations with their samples."""
    files = home.sweep(FACTS.experiment)
    for result in sweep_results():
        files.write_result(result)
        write_samples(files.samples(result.trial, result.rung), result.trial, result.rung)
    return files
