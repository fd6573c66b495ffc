"""Whatever is sent as a spec or as a request: a problem that says so, and nothing has changed."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from sweeps.execution.storage import file_sha256
from sweeps.service.app import make_app
from sweeps.service.limits import Limits
from sweeps.service.tokens import Role, Tokens
from sweeps.settings import Settings
from tests.service.conftest import Caller, Service, make_service
from tests.service.hostile_corpus import hostile_bodies
from tests.service.hostile_specs import JSON, YAML
from tests.service.service_on_disk import IdleExecutor, open_board
from tests.sweep_on_disk import RAW
from tests.test_spec_anything import ANYTHING


def contents(folder: Path) -> dict[Path, str]:
    """Return every file of a folder with its hash."""
    return {path: file_sha256(path) for path in folder.rglob("*") if path.is_file()}


def test_a_thousand_bodies_that_are_no_spec_are_refused_and_change_nothing(odd_path: Path) -> None:
    executor = IdleExecutor()
    board, tokens = open_board(odd_path, executor), Tokens.of(odd_path)
    app = make_app(board, tokens, Settings(home=odd_path), limits=Limits(burst=10**6))
    caller = Caller(TestClient(app, raise_server_exceptions=False), tokens.create("ann", Role.SUBMIT)[1])
    board.refresh()
    before = contents(odd_path)
    bodies = hostile_bodies()
    assert len(set(bodies)) == len(bodies) >= 1000
    for content_type, body in bodies:
        answer = caller.ask("POST", "/api/v1/sweeps", headers={"Content-Type": content_type}, content=body)
        assert answer.status_code in (413, 422), (content_type, body[:500])
        assert answer.status_code == 413 or answer.json()["faults"], body[:500]
        assert len(answer.content) < 100_000, body[:500]
    assert board.views() == []
    assert executor.started == []
    assert contents(odd_path) == before


@pytest.fixture(scope="module")
def module_service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return make_service(tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="module")
def planner(module_service: Service) -> Caller:
    return module_service.caller(Role.READ)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.dictionaries(st.sampled_from([*RAW, "seed", "extra"]), ANYTHING, max_size=6), whole=st.booleans())
def test_anything_is_a_plan_or_a_list_of_faults(planner: Caller, changes: dict[str, Any], whole: bool) -> None:
    body = json.dumps(changes if whole else {**RAW, **changes}).encode()
    answer = planner.ask("POST", "/api/v1/plan", headers={"Content-Type": JSON}, content=body)
    assert answer.status_code in (200, 422)
    assert answer.status_code == 200 or answer.json()["faults"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=st.binary(max_size=300), content_type=st.sampled_from([JSON, YAML]))
def test_any_bytes_are_refused_as_faults(planner: Caller, body: bytes, content_type: str) -> None:
    answer = planner.ask("POST", "/api/v1/plan", headers={"Content-Type": content_type}, content=body)
    assert answer.status_code == 422
    assert answer.json()["faults"]


@pytest.mark.parametrize("path", ["sweeps", "plan", "sweeps/x-00000000/cancel", "sweeps/x-00000000/priority", "x"])
def test_a_body_over_the_limit_is_refused_by_its_length_before_it_is_read(odd_path: Path, path: str) -> None:
    service = make_service(odd_path, Limits(body_bytes=100))
    answer = service.caller(Role.SUBMIT).ask("POST", f"/api/v1/{path}", json="x" * 100)
    assert answer.status_code == 413
    assert "at most 100 bytes" in answer.json()["detail"]


def test_a_body_without_a_length_is_refused_once_it_is_over_the_limit(odd_path: Path) -> None:
    service = make_service(odd_path, Limits(body_bytes=100))
    read: list[int] = []

    def chunks() -> Any:
        for number in range(50):
            read.append(number)
            yield b"x" * 10

    answer = service.caller(Role.SUBMIT).ask("POST", "/api/v1/plan", headers={"Content-Type": JSON}, content=chunks())
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/sweeps/a/b/c", 404),
        ("DELETE", "/api/v1/sweeps", 405),
        ("PUT", "/api/v1/sweeps/x-00000000", 405),
        ("GET", "/api/v1/sweeps/x-00000000/cancel", 405),
        ("OPTIONS", "/api/v1/sweeps", 405),
        ("BREW", "/api/v1/models", 405),
        ("GET", "/api/v1/models/nothing", 404),
        ("GET", "/api/v1/datasets/..%2f..%2fetc", 404),
        ("GET", "/api/v1/spaces/%ff%fe", 404),
        ("GET", "/api/v1/sweeps/x-00000000/trials/-1", 422),
        ("GET", "/api/v1/sweeps/x-00000000/trials/" + "9" * 5000, 422),
        ("GET", "/api/v1/sweeps/x-00000000/logs?lines=0", 422),
        ("GET", "/api/v1/sweeps/x-00000000/logs?follow=perhaps", 422),
    ],
)
def test_what_no_route_takes_is_a_problem(user: Caller, method: str, path: str, status: int) -> None:
    answer = user.ask(method, path)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("sweeps", "GET, POST"), ("sweeps/x-00000000", "GET"), ("sweeps/x-00000000/cancel", "POST"), ("plan", "POST")],
)
def test_a_wrong_method_is_told_the_right_ones(user: Caller, path: str, allowed: str) -> None:
    answer = user.ask("DELETE", f"/api/v1/{path}")
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
