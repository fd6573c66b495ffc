"""The API over the real board and a real record: what was accepted stays, once, in another service too."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sweeps.service.app import make_app
from sweeps.service.board import Board
from sweeps.service.claims import Claims
from sweeps.service.local_executor import LocalExecutor
from sweeps.service.tokens import Role, Tokens
from sweeps.settings import Settings
from sweeps.spec_checks import parse_spec
from tests.service.conftest import Caller
from tests.sweep_on_disk import RAW

SWEEP_ID = parse_spec(RAW).sweep_id


def serve(root: Path, uri: str = "") -> TestClient:
    """Return the app of a service that has just been started; nothing runs what is submitted."""
    uri = uri or f"sqlite:///{root / 'mlflow.db'}"
    board = Board(root, Claims(uri, root / "artifacts"), LocalExecutor(uri))
    return TestClient(make_app(board, Tokens.of(root), Settings(home=root)), raise_server_exceptions=False)


@pytest.fixture
def text(tmp_path: Path) -> str:
    """Return a token of someone who may submit everywhere."""
    return Tokens.of(tmp_path).create("someone", Role.SUBMIT)[1]


def test_a_sweep_is_steered_and_stands_so_after_a_restart(tmp_path: Path, text: str) -> None:
    caller = Caller(serve(tmp_path), text)
    told = caller.post("/api/v1/sweeps?priority=2", RAW, 201)["sweep"]
    assert caller.post("/api/v1/sweeps", RAW, 200)["sweep"] == told
    path = told["links"]["self"]
    for action, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled"), ("cancel", "cancelled")):
        assert caller.post(f"{path}/{action}", None, 202)["state"] == state
    assert caller.post(f"{path}/pause", None, 409)["type"] == "urn:sweeps:problem:refused"
    assert caller.post(f"{path}/priority", {"priority": 9})["priority"] == 9
    again = Caller(serve(tmp_path), text)
    (sweep,) = again.get("/api/v1/sweeps")["sweeps"]
    assert sweep == {**told, "state": "cancelled", "wish": "cancel", "priority": 9}
    assert again.get(path)["spec"]["name"] == "small"
    assert again.get("/readyz")["checks"] == {"mlflow": "ok", "storage": "ok", "executor": "ok"}


def test_what_many_submit_at_once_exists_once(tmp_path: Path, text: str) -> None:
    caller = Caller(serve(tmp_path), text)

    def submit(number: int) -> int:
        body = {**RAW, "seed": number % 3}
        headers = {"Idempotency-Key": f"key-{number % 3}"}
        return caller.ask("POST", "/api/v1/sweeps", headers=headers, json=body).status_code

    with ThreadPoolExecutor(8) as threads:
        assert Counter(threads.map(submit, range(24))) == {201: 3, 200: 21}
    assert len(caller.get("/api/v1/sweeps")["sweeps"]) == 3
    told = caller.post("/api/v1/sweeps", {**RAW, "seed": 7}, 409, **{"Idempotency-Key": "key-0"})
    assert told["type"] == "urn:sweeps:problem:key-reused"
    assert len(caller.get("/api/v1/sweeps")["sweeps"]) == 3


def test_projects_are_apart(tmp_path: Path, text: str) -> None:
    client = serve(tmp_path)
    both = Caller(client, text)
    for project in ("team-a", "default"):
        both.post(f"/api/v1/sweeps?project={project}", RAW, 201)
    assert (tmp_path / "projects" / "team-a" / "sweeps" / SWEEP_ID / "spec.json").exists()
    other = Caller(client, Tokens.of(tmp_path).create("other", Role.SUBMIT, ["team-b"])[1])
    assert other.get("/api/v1/sweeps")["sweeps"] == []
    for ref in (SWEEP_ID, f"team-a~{SWEEP_ID}", "team-a~absent-00000000", "absent-00000000"):
        assert other.post(f"/api/v1/sweeps/{ref}/cancel", None, 404) == both.get("/api/v1/sweeps/absent-00000000", 404)
    assert {sweep["state"] for sweep in both.get("/api/v1/sweeps")["sweeps"]} == {"queued"}


def test_without_mlflow_nothing_is_accepted_and_no_password_is_told(tmp_path: Path, text: str) -> None:
    caller = Caller(serve(tmp_path, "http://admin:hunter2@127.0.0.1:9"), text)
    answer = caller.ask("POST", "/api/v1/sweeps", json=RAW)
    assert answer.status_code == 503
    assert (answer.json()["type"], answer.headers["retry-after"]) == ("urn:sweeps:problem:record-away", "30")
    ready = caller.ask("GET", "/readyz")
    assert ready.status_code == 503
    assert "hunter2" not in answer.text + ready.text
    assert caller.get("/healthz") == {"status": "ok"}
