"""Links into MLflow's pages."""

import pytest

from sweeps.record.dashboard import dashboard_url
from sweeps.service.record_pages import RecordPages, pages_at


def test_a_sweep_is_opened_at_its_ready_made_view() -> None:
    pages = RecordPages("http://127.0.0.1:5000", "admin", "service/mlflow-password")
    assert pages.of_experiment("7") == dashboard_url("http://127.0.0.1:5000", "7")


def test_a_server_is_linked_without_what_signs_in_there() -> None:
    pages = pages_at("https://ann:secret@mlflow.example:8443/base")
    assert pages == RecordPages("https://mlflow.example:8443/base")


@pytest.mark.parametrize("uri", ["sqlite:////home/mlflow.db", "postgresql://ann:secret@db/mlflow", "relative"])
def test_a_database_has_no_pages(uri: str) -> None:
    assert pages_at(uri) is None
