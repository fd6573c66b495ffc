"""The way to MLflow: where artifacts of new experiments go."""

from pathlib import Path

import pytest

from sweeps.execution.storage import Home
from sweeps.record.connection import artifact_root, connect

HOME = Home(Path("/a home"))


@pytest.mark.parametrize("uri", [None, "sqlite:////elsewhere/mlflow.db", "postgresql://user@host/mlflow"])
def test_artifacts_are_in_the_home_whatever_database_holds_the_record(uri: str | None) -> None:
    assert artifact_root(uri, HOME) == HOME.artifacts


@pytest.mark.parametrize("uri", ["http://127.0.0.1:5000", "https://mlflow.example.org"])
def test_a_server_has_a_place_of_its_own(uri: str) -> None:
    assert artifact_root(uri, HOME) is None


def test_a_database_that_is_told_no_place_would_use_the_present_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `artifact_root` is for; if this fails it can go."""
    monkeypatch.chdir(tmp_path)
    client = connect(f"sqlite:///{tmp_path / 'mlflow.db'}")
    location = client.get_experiment(client.create_experiment("x")).artifact_location
    assert location.startswith(str(tmp_path / "mlruns"))
