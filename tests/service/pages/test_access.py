"""Which pages whom: every one of them, with every role, and as nobody."""

from urllib.parse import quote

import pytest

from sweeps.service.tokens import Role
from tests.service.conftest import Service
from tests.service.pages.conftest import browser_of, signed_in
from tests.service.test_access import PAGES
from tests.sweep_on_disk import RAW

GUARDED = {route: role for route, role in PAGES.items() if role is not None}


@pytest.mark.parametrize("route", GUARDED)
def test_a_page_leads_nobody_but_to_the_form(service: Service, route: str) -> None:
    method, path = route.split(" ")
    answer = browser_of(service).ask(method, path)
    assert answer.status_code == 303
    assert answer.headers["location"] in ("/login", f"/login?next={quote(path, safe='')}")
    within = browser_of(service).ask(method, path, headers={"HX-Request": "true"})
    assert (within.status_code, within.headers["hx-redirect"], within.text) == (401, "/login", "")


@pytest.mark.parametrize("route", GUARDED)
def test_a_page_answers_those_whom_its_rule_admits(service: Service, route: str) -> None:
    method, path = route.split(" ")
    for role in Role:
        answer = signed_in(service, role).ask(method, path, **({"data": {"text": "x"}} if method == "POST" else {}))
        assert (answer.status_code == 403) == (not role.covers(GUARDED[route]))
        assert answer.status_code in (200, 303, 403, 422) or (answer.status_code, "{ref}" in path) == (404, True)
    assert not service.board.known


def test_whoever_signs_in_is_led_back_to_what_was_asked(service: Service) -> None:
    answer = browser_of(service).ask("GET", "/new?like=digits-beta-vae-0a1b2c3d")
    assert answer.headers["location"] == "/login?next=%2Fnew%3Flike%3Ddigits-beta-vae-0a1b2c3d"
    page = browser_of(service).page(answer.headers["location"])
    assert 'value="/new?like=digits-beta-vae-0a1b2c3d"' in page
    shown = {"HX-Request": "true", "HX-Current-URL": "http://testserver/?state=running"}
    within = browser_of(service).ask("GET", "/?state=running", headers=shown)
    assert within.headers["hx-redirect"] == "/login?next=%2F%3Fstate%3Drunning"


def test_a_reader_sees_no_button_that_changes_something(service: Service) -> None:
    service.caller(Role.ADMIN).post("/api/v1/sweeps", RAW, 201)
    reader, submitter = signed_in(service, Role.READ), signed_in(service, Role.SUBMIT)
    for path, button in (("/", "hx-post="), ("/", 'class="button primary'), ("/new", "Submit sweep")):
        assert button in submitter.page(path)
        assert button not in reader.page(path)
