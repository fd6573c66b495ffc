"""Signing in and out as browsers do, and what a session is good for."""

from http.cookies import Morsel, SimpleCookie

import pytest

from sweeps.service.links import Links
from sweeps.service.tokens import Role
from tests.service.conftest import Service
from tests.service.pages.conftest import Browser, browser_of, signed_in
from tests.sweep_on_disk import RAW


def cookie(header: str) -> "Morsel[str]":
    (morsel,) = SimpleCookie(header).values()
    return morsel


def test_a_token_is_exchanged_for_a_cookie_that_does_not_hold_it(service: Service) -> None:
    text = service.caller(Role.READ).token
    answer = browser_of(service).ask("POST", "/login", data={"token": f" {text} ", "next": "/new?like=x"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/new?like=x")
    kept = cookie(answer.headers["set-cookie"])
    assert (kept["path"], kept["httponly"], kept["samesite"], kept["max-age"]) == ("/", True, "lax", "1209600")
    assert not kept["secure"] and not kept["domain"]
    assert text.split("_", 2)[2] not in str(answer.headers) + answer.text


def test_the_cookie_is_secure_where_the_browser_is_on_https(service: Service) -> None:
    text = service.caller(Role.READ).token
    origin = {"Origin": "https://testserver"}
    answer = browser_of(service).ask("POST", "/login", headers=origin, data={"token": text})
    assert cookie(answer.headers["set-cookie"])["secure"]


def test_a_link_is_good_once(service: Service) -> None:
    token, _ = service.tokens.create("ada", Role.READ)
    code = Links.of(service.tokens).make(token)
    browser = browser_of(service)
    assert browser.ask("POST", "/login", data={"token": "", "code": code, "next": "/"}).status_code == 303
    assert "ada" in browser.page("/")
    again = browser_of(service).ask("POST", "/login", data={"code": code})
    assert (again.status_code, "set-cookie" in again.headers) == (401, False)
    assert "A link is good once" in again.text


def test_no_get_signs_anyone_in(service: Service) -> None:
    token, text = service.tokens.create("ada", Role.READ)
    code = Links.of(service.tokens).make(token)
    browser = browser_of(service)
    for query in (f"code={code}", f"token={text}"):
        assert "set-cookie" not in browser.ask("GET", f"/login?{query}").headers
    assert browser.ask("GET", "/").status_code == 303
    assert Links.of(service.tokens).use(code) == token


@pytest.mark.parametrize("text", ["", "swp_000000000000_" + "A" * 43, "x" * 200])
def test_what_is_no_token_is_told_so(service: Service, text: str) -> None:
    answer = browser_of(service).ask("POST", "/login", data={"token": text, "next": "/new"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert "This is no token" in answer.text and 'value="/new"' in answer.text
    assert text == "" or text not in answer.text


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil", "/\t/evil.example"],
)
def test_signing_in_leads_nowhere_else(service: Service, address: str) -> None:
    text = service.caller(Role.READ).token
    answer = browser_of(service).ask("POST", "/login", data={"token": text, "next": address})
    assert answer.headers["location"] in ("/", "/%09/evil.example")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_another_sites_form_signs_nobody_in(service: Service, site: str) -> None:
    text = service.caller(Role.READ).token
    answer = browser_of(service).ask("POST", "/login", headers={"Sec-Fetch-Site": site}, data={"token": text})
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_signing_out_forgets_the_session(service: Service, browser: Browser) -> None:
    browser.page("/")
    assert browser.ask("POST", "/logout", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    browser.page("/")
    assert browser.ask("POST", "/logout").headers["location"] == "/login"
    assert browser.ask("GET", "/").headers["location"] == "/login"


def test_a_revoked_token_ends_its_sessions_at_once(service: Service, browser: Browser) -> None:
    browser.page("/")
    (token,) = service.tokens.list()
    service.tokens.revoke(token.id)
    assert browser.ask("GET", "/").status_code == 303
    assert browser.ask("GET", "/api/v1/sweeps", headers={"Accept": "*/*"}).status_code == 401


def test_the_api_takes_a_session_from_the_services_own_pages_alone(service: Service, browser: Browser) -> None:
    json = {"Accept": "application/json"}
    assert browser.ask("GET", "/api/v1/sweeps", headers=json).json() == {"sweeps": [], "next": None}
    for site in ("cross-site", "same-site", "none"):
        told = {**json, "Sec-Fetch-Site": site}
        refused = browser.ask("POST", "/api/v1/sweeps", headers=told, json=RAW)
        assert (refused.status_code, refused.json()["status"]) == (403, 403)
    for origin in ("http://testserver:5000", "null", ""):
        refused = browser.client.post("/api/v1/sweeps", json=RAW, headers={"Origin": origin})
        assert refused.status_code == 403
    assert browser.client.post("/api/v1/sweeps", json=RAW).status_code == 403
    assert not service.board.known
    assert browser.ask("POST", "/api/v1/sweeps", headers=json, json=RAW).status_code == 201


def test_a_header_outweighs_the_cookie_and_needs_no_page(service: Service, browser: Browser) -> None:
    reader = service.caller(Role.READ).token
    for text, status in ((reader, 403), ("wrong", 401)):
        told = {"Authorization": f"Bearer {text}"}
        assert browser.client.post("/api/v1/sweeps", json=RAW, headers=told).status_code == status
    submitter = {"Authorization": f"Bearer {service.caller(Role.SUBMIT).token}", "Sec-Fetch-Site": "cross-site"}
    assert browser.client.post("/api/v1/sweeps", json=RAW, headers=submitter).status_code == 201


@pytest.mark.parametrize("text", ["", "x", "=", "a=b; sweeps-session-80", 'sweeps-session-80="', "\x7f"])
def test_a_broken_cookie_is_none(service: Service, text: str) -> None:
    assert browser_of(service).ask("GET", "/", headers={"Cookie": text}).status_code == 303


def test_a_body_is_limited_before_anyone_is_signed_in(service: Service) -> None:
    answer = browser_of(service).ask("POST", "/login", data={"token": "x" * 1_100_000})
    assert answer.status_code == 413
    assert signed_in(service, Role.READ).page("/")
