"""Whatever is sent as a spec or as a request: a problem that says so, and nothing has changed."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sweeps.service.limits import Limits
from sweeps.service.tokens import Role
from tests.service.conftest import Caller, Service, make_service
from tests.sweep_on_disk import RAW
from tests.test_spec_anything import ANYTHING

JSON, YAML = "application/json", "application/yaml"

SOUND = json.dumps(RAW)

BOMB = "a: &a [x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

HOSTILE: list[tuple[str, bytes]] = [
    (YAML, BOMB.encode()),
    (YAML, b"a: &a {b: *a}"),
    (YAML, b"!!python/object/apply:os.system ['touch /tmp/x']"),
    (YAML, b"!!python/name:os.system"),
    (YAML, b"name: !!binary gA=="),
    (YAML, b"<<: {name: x}"),
    (YAML, b"name: x\nname: y"),
    (YAML, b"? [a]\n: b"),
    (YAML, b"name: x\n---\nname: y"),
    (YAML, b"\t"),
    (YAML, b""),
    (YAML, b"\x00"),
    (YAML, b"\xff\xfe"),
    (YAML, b"{" * 5000),
    (YAML, b"- " * 20000),
    (YAML, b"seed: " + b"9" * 60000),
    (YAML, b"1:2:3:4"),
    (YAML, b"2001-01-01: x"),
    (JSON, b""),
    (JSON, b"[" * 50000),
    (JSON, b'{"a":' * 9000),
    (JSON, b"null"),
    (JSON, b'"name"'),
    (JSON, b"[1, 2]"),
    (JSON, b'{"name": "x", "name": "y"}'),
    (JSON, b'{"name": "\\ud800"}'),
    (JSON, b'{"\\udfff": 1}'),
    (JSON, SOUND[:-1].encode()),
    (JSON, SOUND.encode("utf-16")),
    (JSON, SOUND.replace('"small"', '"sm\x00all"').encode()),
    (JSON, b'{"seed": NaN}'),
    (JSON, b'{"seed": ' + b"9" * 5000 + b"}"),
    (JSON, b"x" * 65_537),
    (JSON, b" " * 1_048_577),
]

WRONG: list[dict[str, Any]] = [
    {"name": "../../etc/passwd"},
    {"name": "/etc/passwd"},
    {"name": ".."},
    {"name": "a/b"},
    {"name": "a~b"},
    {"name": "x" * 64},
    {"name": "x\n"},
    {"name": "x; rm -rf ~"},
    {"name": "$(reboot)"},
    {"name": "`id`"},
    {"name": "É"},
    {"name": "\u202egnp"},
    {"name": "é\u0301\u200d🏴"},
    {"name": "<script>alert(1)</script>"},
    {"name": "'; DROP TABLE experiments; --"},
    {"name": None},
    {"name": 1},
    {"model": "../beta_vae"},
    {"model": "__class__"},
    {"model": ["beta_vae"]},
    {"model": {"a": 1}},
    {"dataset": "/etc/passwd"},
    {"dataset": {"name": "digits", "path": "/etc"}},
    {"dataset": {"name": "digits", "limit": 10**400}},
    {"dataset": {"name": "digits", "limit": -1}},
    {"space": "../../secret"},
    {"space": {"beta": {"type": "log_uniform", "low": -1, "high": 1}}},
    {"space": {"beta": {"type": "uniform", "low": 1e308, "high": 1e309}}},
    {"space": {"beta": {"type": "uniform", "low": 2, "high": 1}}},
    {"space": {"beta": {"type": "choice", "values": list(range(101))}}},
    {"space": {f"h{number}": {"type": "uniform", "low": 0, "high": 1} for number in range(101)}},
    {"space": {"beta": {"type": "__import__('os').system('id')"}}},
    {"fixed": {"hidden": 10**9}},
    {"fixed": {"hidden": float("nan")}},
    {"fixed": {"__proto__": 1}},
    {"folds": 1},
    {"folds": 10**6},
    {"folds": True},
    {"folds": "10"},
    {"hyperband": {"max_epochs": 0}},
    {"hyperband": {"max_epochs": 10**100}},
    {"hyperband": {"max_epochs": float("inf")}},
    {"hyperband": {"max_epochs": 3, "eta": 1}},
    {"hyperband": []},
    {"seed": -1},
    {"seed": 2**63},
    {"seed": 1e400},
    {"resources": {"cpus": 10**9}},
    {"searcher": "eval"},
    {"notify": "http://169.254.169.254/"},
    {"": 1},
    {"x" * 10_000: "y" * 10_000},
]


def files_of(service: Service) -> set[Path]:
    return set(service.board.root.rglob("*"))


def test_what_is_no_spec_is_refused_and_changes_nothing(service: Service, user: Caller) -> None:
    before = files_of(service)
    bodies = [*HOSTILE, *((JSON, json.dumps({**RAW, **wrong}).encode()) for wrong in WRONG)]
    for content_type, body in bodies:
        answer = user.ask("POST", "/api/v1/sweeps", headers={"Content-Type": content_type}, content=body)
        assert answer.status_code in (413, 422), body[:100]
        assert answer.status_code == 413 or answer.json()["faults"], body[:100]
        assert len(answer.content) < 20_000
    assert not service.board.known
    assert files_of(service) == before


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
