"""Submitting, listing, showing and steering sweeps over HTTP."""

from typing import Any

import pytest
import yaml

from sweeps.service.refs import project_home
from sweeps.service.tokens import Role
from sweeps.spec_checks import parse_spec
from tests.service.conftest import Caller, Service
from tests.sweep_on_disk import RAW, begin, small_spec

SWEEP_ID = parse_spec(RAW).sweep_id


def named(name: str, **changes: Any) -> dict[str, Any]:
    return {**RAW, "name": name, **changes}


def test_a_sweep_is_created_once_and_told_with_plan_and_links(service: Service, user: Caller) -> None:
    answer = user.ask("POST", "/api/v1/sweeps?priority=7", json=RAW)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/sweeps/{SWEEP_ID}"
    told = answer.json()
    assert (told["sweep"]["ref"], told["sweep"]["state"], told["sweep"]["priority"]) == (SWEEP_ID, "queued", 7)
    assert (told["plan"]["trials"], told["plan"]["evaluations"], told["plan"]["fold_epochs"]) == (5, 6, 33)
    assert told["plan"]["workers"] == 2
    assert user.get(told["sweep"]["links"]["self"])["spec"]["name"] == "small"
    routes = user.get("/api/v1/openapi.json")["paths"]
    assert all(link.replace(told["sweep"]["ref"], "{ref}") in routes for link in told["sweep"]["links"].values())
    assert "events" in told["sweep"]["links"]
    again = user.ask("POST", "/api/v1/sweeps?priority=1", json=RAW)
    assert (again.status_code, again.json()["sweep"]) == (200, told["sweep"])
    assert len(service.board.known) == 1


def test_yaml_and_json_are_one_sweep(user: Caller) -> None:
    assert user.post("/api/v1/sweeps", RAW, 201)["sweep"]["ref"] == SWEEP_ID
    text = yaml.safe_dump(RAW)
    for content_type in ("application/yaml", "text/yaml; charset=utf-8", "Application/X-YAML"):
        answer = user.ask("POST", "/api/v1/sweeps", headers={"Content-Type": content_type}, content=text)
        assert (answer.status_code, answer.json()["sweep"]["ref"]) == (200, SWEEP_ID)


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "", "json"])
def test_a_body_of_another_type_is_refused(service: Service, user: Caller, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = user.ask("POST", "/api/v1/sweeps", headers=headers, content=yaml.safe_dump(RAW).encode())
    assert answer.status_code == 415
    assert "application/yaml" in answer.headers["accept-post"]
    assert not service.board.known


def test_an_idempotency_key_names_one_spec_of_one_token(service: Service, user: Caller) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = user.post("/api/v1/sweeps", RAW, 201, **key)
    assert user.post("/api/v1/sweeps", RAW, 200, **key)["sweep"] == first["sweep"]
    assert user.post("/api/v1/sweeps", named("other"), 409, **key)["type"] == "urn:sweeps:problem:key-reused"
    assert list(service.board.known) == [SWEEP_ID]
    service.caller(Role.SUBMIT).post("/api/v1/sweeps", named("other"), 201, **key)


@pytest.mark.parametrize("key", ["", "with space", "x" * 201, "\x7f"])
def test_a_key_that_is_none_is_refused(service: Service, user: Caller, key: str) -> None:
    told = user.post("/api/v1/sweeps", RAW, 422, **{"Idempotency-Key": key})
    assert [fault["path"] for fault in told["faults"]] == ["header.idempotency-key"]
    assert not service.board.known


def test_every_fault_of_a_spec_is_told_with_its_place(service: Service, user: Caller) -> None:
    raw = {**RAW, "modell": "beta_vae", "objective": "loss/L", "hyperband": {"max_epochs": 10}}
    for path in ("sweeps", "plan"):
        told = user.post(f"/api/v1/{path}", raw, 422)
        assert told["type"] == "urn:sweeps:problem:faulty-spec"
        assert [fault["path"] for fault in told["faults"]] == ["modell", "hyperband.max_epochs", "objective"]
        assert told["faults"][1]["remedy"] == "The nearest are 9 and 27."
        assert set(told["faults"][0]) == {"path", "rule", "value", "remedy"}
    assert not service.board.known


def test_a_plan_starts_nothing(service: Service) -> None:
    told = service.caller(Role.READ).post("/api/v1/plan", RAW)
    assert (told["sweep_id"], told["trials"], told["estimate_basis"]) == (
        SWEEP_ID,
        5,
        "figures measured on another machine",
    )
    assert told["brackets"][0]["rungs"][0] == {"trials": 3, "folds": 3, "epochs": 1}
    assert not service.board.known


def test_a_plan_rests_on_sweeps_of_its_kind_in_its_project(service: Service, user: Caller) -> None:
    def basis(project: str) -> str:
        told = user.post(f"/api/v1/plan?project={project}", {**RAW, "seed": 1})
        return str(told["estimate_basis"])

    user.post("/api/v1/sweeps?project=team-a", RAW, 201)
    begin(project_home(service.board.root, "team-a"), small_spec())
    assert basis("team-a") == "figures measured on another machine"
    service.board.stand(f"team-a~{SWEEP_ID}", evaluations=6)
    assert basis("team-a") == "earlier sweeps in this home"
    assert basis("team-b") == "figures measured on another machine"


def test_pages_hold_every_sweep_once_though_more_come_meanwhile(service: Service, user: Caller) -> None:
    for number in range(5):
        user.post("/api/v1/sweeps", named(f"s{number}"), 201)
    page = user.get("/api/v1/sweeps?limit=2")
    user.post("/api/v1/sweeps", named("late"), 201)
    seen = [sweep["name"] for sweep in page["sweeps"]]
    while page["next"]:
        page = user.get(f"/api/v1/sweeps?limit=2&cursor={page['next']}")
        seen += [sweep["name"] for sweep in page["sweeps"]]
    assert seen == ["s4", "s3", "s2", "s1", "s0"]
    assert user.get("/api/v1/sweeps")["sweeps"][0]["name"] == "late"


def test_sweeps_are_filtered_by_state_name_model_and_project(service: Service, user: Caller) -> None:
    user.post("/api/v1/sweeps", named("digits-a"), 201)
    user.post("/api/v1/sweeps?project=team-a", named("digits-b"), 201)
    user.post("/api/v1/sweeps", named("other", model="infogan", space="infogan", fixed={}), 201)
    service.board.stand(parse_spec(named("digits-a")).sweep_id, state="finished")

    def names(query: str) -> set[str]:
        return {sweep["name"] for sweep in user.get(f"/api/v1/sweeps?{query}")["sweeps"]}

    assert names("") == {"digits-a", "digits-b", "other"}
    assert names("state=finished") == {"digits-a"}
    assert names("name=digits") == {"digits-a", "digits-b"}
    assert names("model=infogan") == {"other"}
    assert names("project=team-a") == {"digits-b"}
    assert names("project=default&state=queued") == {"other"}


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=201", "query.limit"),
        ("limit=0", "query.limit"),
        ("limit=many", "query.limit"),
        ("state=lost", "query.state"),
        ("project=../x", "query.project"),
        ("stat=finished", "query.stat"),
        ("cursor=%22", "query.cursor"),
        ("cursor=" + "A" * 400, "query.cursor"),
        ("cursor=WzEsMl0", "query.cursor"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused_with_its_place(user: Caller, query: str, path: str) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    told = user.get(f"/api/v1/sweeps?{query}", 422)
    assert told["type"] == "urn:sweeps:problem:faulty-request"
    assert [fault["path"] for fault in told["faults"]] == [path]


def test_wishes_are_passed_on_and_told(service: Service, user: Caller) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    for action, wish, state in (
        ("pause", "pause", "paused"),
        ("resume", "run", "queued"),
        ("cancel", "cancel", "cancelled"),
    ):
        told = user.post(f"/api/v1/sweeps/{SWEEP_ID}/{action}", None, 202)
        assert (told["wish"], told["state"]) == (wish, state)
    service.board.stand(SWEEP_ID, state="finished")
    told = user.post(f"/api/v1/sweeps/{SWEEP_ID}/pause", None, 409)
    assert (told["type"], SWEEP_ID in told["detail"]) == ("urn:sweeps:problem:refused", True)


def test_a_priority_is_set_within_its_range(service: Service, user: Caller) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    path = f"/api/v1/sweeps/{SWEEP_ID}/priority"
    assert user.post(path, {"priority": -3})["priority"] == -3
    wrong: list[Any] = [
        {},
        {"priority": 1001},
        {"priority": "high"},
        {"priority": 1.5},
        {"priority": 1, "x": 1},
        [],
        None,
    ]
    for body in wrong:
        assert user.post(path, body, 422)["faults"]
    answer = user.ask("POST", path, headers={"Content-Type": "application/json"}, content=b'{"priority": ')
    assert answer.status_code == 422
    assert service.board.view(SWEEP_ID).priority == -3


@pytest.mark.parametrize(
    "ref",
    [
        "nobody-00000000",
        "..",
        "%2e%2e",
        "..%2f..%2fetc",
        "a",
        "default~small-00000000",
        "TEAM~x-00000000",
        "%00",
        "é",
        "x" * 150,
        "a\n-00000000".replace("\n", "%0a"),
    ],
)
def test_what_is_no_sweep_is_not_found(user: Caller, ref: str) -> None:
    for rest in ("", "/trials", "/logs", "/best"):
        user.get(f"/api/v1/sweeps/{ref}{rest}", 404)


def test_who_did_what_is_told_to_the_board(service: Service) -> None:
    caller = service.caller(Role.SUBMIT)
    caller.post("/api/v1/sweeps", RAW, 201)
    (token,) = service.tokens.list()
    assert service.board.view(SWEEP_ID).submitted_by == f"submit (token {token.id})"
