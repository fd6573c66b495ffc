"""Who may do what: every route of the app, with every role, from the app's own description."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from sweeps.service.limits import Limits
from sweeps.service.tokens import Role, Tokens
from sweeps.spec_checks import parse_spec
from tests.service.conftest import Caller, Service, make_service
from tests.sweep_on_disk import RAW

SWEEP_ID = parse_spec(RAW).sweep_id

RULES = {
    "GET /healthz": None,
    "GET /readyz": Role.READ,
    "GET /metrics": Role.READ,
    "GET /api/v1/openapi.json": Role.READ,
    "POST /api/v1/plan": Role.READ,
    "GET /api/v1/models": Role.READ,
    "GET /api/v1/models/{name}": Role.READ,
    "GET /api/v1/spaces": Role.READ,
    "GET /api/v1/spaces/{name}": Role.READ,
    "GET /api/v1/datasets": Role.READ,
    "GET /api/v1/datasets/{name}": Role.READ,
    "GET /api/v1/sweeps": Role.READ,
    "POST /api/v1/sweeps": Role.SUBMIT,
    "GET /api/v1/sweeps/{ref}": Role.READ,
    "GET /api/v1/sweeps/{ref}/trials": Role.READ,
    "GET /api/v1/sweeps/{ref}/trials/{trial}": Role.READ,
    "GET /api/v1/sweeps/{ref}/trials/{trial}/samples/{rung}": Role.READ,
    "GET /api/v1/sweeps/{ref}/evaluations": Role.READ,
    "GET /api/v1/sweeps/{ref}/charts": Role.READ,
    "GET /api/v1/sweeps/{ref}/leading": Role.READ,
    "GET /api/v1/sweeps/{ref}/best": Role.READ,
    "GET /api/v1/sweeps/{ref}/logs": Role.READ,
    "GET /api/v1/sweeps/{ref}/events": Role.READ,
    "POST /api/v1/sweeps/{ref}/cancel": Role.SUBMIT,
    "POST /api/v1/sweeps/{ref}/pause": Role.SUBMIT,
    "POST /api/v1/sweeps/{ref}/resume": Role.SUBMIT,
    "POST /api/v1/sweeps/{ref}/priority": Role.SUBMIT,
}
"""What each route asks for; None is open to everyone."""


PAGES = {
    "GET /login": None,
    "POST /login": None,
    "POST /logout": Role.READ,
    "GET /static/{version}/{name:path}": None,
    "GET /": Role.READ,
    "GET /sweeps/{ref}": Role.READ,
    "GET /new": Role.READ,
    "POST /new/draft": Role.READ,
    "POST /new": Role.SUBMIT,
}
"""What each page asks for; they are not part of the API, and so not of its description."""

OF_A_SWEEP = [route for route in (*RULES, *PAGES) if "{ref}" in route]


def send(caller: Caller, route: str, ref: str = SWEEP_ID) -> int:
    """Ask a route for something that it would answer."""
    method, path = route.split(" ")
    known = {"{ref}": ref, "{trial}": "0", "{rung}": "0", "{name}": "digits" if "datasets" in path else "beta_vae"}
    for name, value in known.items():
        path = path.replace(name, value)
    body: Any = {"priority": 3} if path.endswith("/priority") else {**RAW, "name": "new"}
    return caller.ask(method, path, **({"json": body} if method == "POST" else {})).status_code


def routes_of(service: Service) -> dict[str, list[Any]]:
    described = service.caller(Role.READ).get("/api/v1/openapi.json")["paths"]
    return {
        f"{method.upper()} {path}": [role for rule in operation.get("security", []) for role in rule["token"]]
        for path, operations in described.items()
        for method, operation in operations.items()
    }


def test_every_route_has_a_rule_and_tells_it(service: Service) -> None:
    told = routes_of(service)
    assert {route: [] if role is None else [role] for route, role in RULES.items()} == told
    # Nothing is served beside what is described.
    assert sum(len(context.methods or ()) for context in every_route(service)) == len(RULES) + len(PAGES)


def every_route(service: Service) -> list[Any]:
    app: Any = service.client.app
    return list(iter_route_contexts(app.routes))


OPEN = {"GET /healthz", "GET /login", "POST /login", "GET /static/{version}/{name:path}"}
"""What answers without a token; whatever else is ever served must refuse."""

HARMLESS = {"POST /api/v1/plan", "POST /new/draft", "POST /logout"}
"""What is not asked for by GET and yet changes nothing."""


def walked(service: Service) -> list[str]:
    """Return every method and path that the app serves, from the app itself."""
    routes = every_route(service)
    assert all(context.path for context in routes)
    return sorted(f"{method} {context.path}" for context in routes for method in context.methods or ["GET"])


def test_without_a_token_everything_that_is_served_refuses(service: Service) -> None:
    service.caller(Role.SUBMIT).post("/api/v1/sweeps", RAW, 201)
    routes = walked(service)
    assert set(routes) > OPEN
    refused = {route for route in routes if send(service.nobody(), route) == 401}
    assert refused == set(routes) - OPEN


def test_a_reader_changes_nothing_whatever_it_sends(service: Service, user: Caller) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    reader, before = service.caller(Role.READ), dict(service.board.known)
    files = sorted(service.board.root.rglob("*"))
    writing = [route for route in walked(service) if not route.startswith(("GET ", "HEAD "))]
    assert len(writing) >= 6
    statuses = {route: send(reader, route) for route in writing}
    assert {route for route, status in statuses.items() if status != 403} == HARMLESS
    assert service.board.known == before
    assert sorted(service.board.root.rglob("*")) == files


@pytest.mark.parametrize("route", RULES)
def test_a_route_answers_those_whom_its_rule_admits(service: Service, route: str) -> None:
    submitter = service.caller(Role.SUBMIT)
    submitter.post("/api/v1/sweeps", RAW, 201)
    service.board.stand(SWEEP_ID, state="cancelled")  # or its events would be followed for ever
    before = dict(service.board.known)
    needed = RULES[route]
    assert (send(service.nobody(), route) == 401) == (needed is not None)
    assert (send(Caller(service.client, "swp_000000000000_" + "A" * 43), route) == 401) == (needed is not None)
    for role in Role:
        refused = needed is not None and not role.covers(needed)
        if refused:
            assert send(service.caller(role), route) == 403
            assert service.board.known == before
    for role in Role:
        if needed is None or role.covers(needed):
            assert send(service.caller(role), route) in (200, 201, 202, 404)


def test_every_route_to_a_sweep_is_among_those_that_other_projects_are_kept_from(service: Service) -> None:
    assert {route for route in walked(service) if "{ref}" in route} == set(OF_A_SWEEP)


@pytest.mark.parametrize("route", OF_A_SWEEP)
def test_another_projects_sweep_is_as_one_that_is_not_there(service: Service, route: str) -> None:
    service.caller(Role.ADMIN).post("/api/v1/sweeps?project=team-a", RAW, 201)
    service.board.stand(f"team-a~{SWEEP_ID}", state="cancelled")  # or its events would be followed for ever
    before = dict(service.board.known)
    outsider = service.caller(Role.ADMIN, "team-b", "default")
    insider = service.caller(Role.ADMIN, "team-a")
    assert send(outsider, route, f"team-a~{SWEEP_ID}") == 404
    assert service.board.known == before
    method, path = route.split(" ")
    body: dict[str, Any] = {"json": {"priority": 1}} if method == "POST" else {}
    there, absent = (
        outsider.ask(method, path.replace("{ref}", ref).replace("{trial}", "0").replace("{rung}", "0"), **body).text
        for ref in (f"team-a~{SWEEP_ID}", "team-a~absent-00000000")
    )
    assert there == absent
    if not path.endswith(("/best", "/trials/{trial}", "/samples/{rung}")):
        assert send(insider, route, f"team-a~{SWEEP_ID}") in (200, 202)


def test_lists_and_figures_hold_the_tokens_projects_alone(service: Service, user: Caller) -> None:
    for project in ("team-a", "team-b", "default"):
        user.post(f"/api/v1/sweeps?project={project}", RAW, 201)
    limited = service.caller(Role.READ, "team-a", "default")
    assert {sweep["project"] for sweep in limited.get("/api/v1/sweeps")["sweeps"]} == {"team-a", "default"}
    assert limited.get("/api/v1/sweeps?project=team-b")["sweeps"] == []
    assert 'sweeps_sweeps{state="queued"} 2.0' in limited.ask("GET", "/metrics").text
    assert 'sweeps_sweeps{state="queued"} 3.0' in user.ask("GET", "/metrics").text


def test_a_limited_token_submits_to_its_projects(service: Service) -> None:
    one, two = service.caller(Role.SUBMIT, "team-a"), service.caller(Role.SUBMIT, "team-a", "team-b")
    assert one.post("/api/v1/sweeps", RAW, 201)["sweep"]["ref"] == f"team-a~{SWEEP_ID}"
    for path in ("/api/v1/sweeps", "/api/v1/plan"):
        assert "team-a, team-b" in two.post(path, RAW, 403)["detail"]
        one.post(f"{path}?project=team-b", RAW, 403)
    assert two.post("/api/v1/sweeps?project=team-b", RAW, 201)["sweep"]["project"] == "team-b"
    assert len(service.board.known) == 2


def test_a_revoked_token_is_none_from_the_next_request_on(service: Service) -> None:
    caller = service.caller(Role.READ)
    caller.get("/api/v1/models")
    service.tokens.revoke(service.tokens.list()[0].id)
    caller.get("/api/v1/models", 401)


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/openapi.json", "/healthz/", "/healthz/..", "/api/v1", "//"])
def test_without_a_token_nobody_learns_which_routes_there_are(service: Service, path: str) -> None:
    answer = service.nobody().ask("GET", path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="sweeps"')


def test_a_token_stands_in_one_header_after_its_scheme(service: Service) -> None:
    text = service.caller(Role.READ).token
    nobody = service.nobody()
    for header in (text, f"Basic {text}", f"Token {text}", "Bearer", f"Bearer {text} {text}", f"Bearer{text}"):
        assert nobody.ask("GET", "/readyz", headers={"Authorization": header}).status_code == 401
    assert nobody.ask("GET", f"/readyz?token={text}&access_token={text}").status_code == 401
    twice = [("Authorization", f"Bearer {text}"), ("Authorization", f"Bearer {text}")]
    assert service.client.get("/readyz", headers=twice).status_code == 401
    assert nobody.ask("GET", "/readyz", headers={"Authorization": f"bearer  {text}"}).status_code == 200


def test_a_token_is_in_no_refusal_wherever_it_was_written(service: Service, user: Caller) -> None:
    text = user.token
    spec = {**RAW, "name": text, "model": text, "fixed": {text: text}, text: 1}
    told = user.ask("POST", "/api/v1/sweeps", json=spec).text
    assert "swp_…" in told
    told += user.ask("GET", f"/api/v1/sweeps?state={text}&{text}=1&cursor={text}").text
    told += user.ask("GET", f"/api/v1/models/{text}").text
    told += user.ask("GET", f"/{text}").text
    assert text.split("_", 2)[2][:20] not in told
    assert not service.board.known


def test_a_damaged_token_file_is_told_without_its_path(service: Service, user: Caller) -> None:
    (token,) = service.tokens.list()
    path = service.tokens.folder / f"{token.id}.json"
    path.write_text("{")
    answer = user.ask("GET", "/readyz")
    assert answer.status_code == 503
    assert str(path) not in answer.text


def test_each_token_has_its_own_rate(odd_path: Path) -> None:
    service = make_service(odd_path, Limits(burst=2, requests_per_second=0.001))
    one, two = service.caller(Role.READ), service.caller(Role.READ)
    assert [one.ask("GET", "/readyz").status_code for _ in range(3)] == [200, 200, 429]
    assert 990 <= int(one.ask("GET", "/readyz").headers["retry-after"]) <= 1000
    assert two.ask("GET", "/readyz").status_code == 200
    assert service.nobody().ask("GET", "/healthz").status_code == 200


def test_tokens_are_read_anew_by_every_service(service: Service) -> None:
    made_elsewhere, text = Tokens(service.tokens.folder).create("late", Role.READ)
    assert Caller(service.client, text).get("/readyz")["status"] == "ok"
    assert made_elsewhere.id in {token.id for token in service.tokens.list()}
