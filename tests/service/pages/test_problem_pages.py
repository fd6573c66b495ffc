"""Refusals as people see them."""

import pytest

from sweeps.service.tokens import Role
from tests.service.conftest import Service, make_service
from tests.service.pages.conftest import Browser, browser_of, signed_in
from tests.sweep_on_disk import RAW


def test_an_address_where_nothing_is_has_a_page_that_says_so(browser: Browser) -> None:
    page = browser.page("/nothing", 404)
    assert "<h1>Not Found</h1>" in page and "Nothing is at this address." in page
    assert "Sign out" in page


def test_the_same_refusal_is_a_problem_for_programs(browser: Browser) -> None:
    answer = browser.ask("GET", "/nothing", headers={"Accept": "*/*"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Nothing is at this address.",
    }


def test_what_a_role_may_not_do_is_told_in_words(service: Service) -> None:
    answer = signed_in(service, Role.READ).ask("POST", "/new", data={"text": "name: x"})
    assert answer.status_code == 403
    assert "<h1>The token may not do this</h1>" in answer.text
    assert "The role must be submit or higher, but got read." in answer.text


def test_within_a_page_a_refusal_is_a_notice_on_it(browser: Browser) -> None:
    answer = browser.ask("POST", "/api/v1/sweeps/absent-00000000/cancel", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == (
        404,
        "#notice",
        "innerHTML",
    )
    assert answer.text.startswith('<div class="notice wrong">') and "No such sweep" in answer.text


def test_every_fault_of_a_request_is_on_its_page_and_nothing_in_it_is_run(browser: Browser) -> None:
    page = browser.page("/?state=%3Cscript%3Ealert(1)%3C/script%3E&limit=x", 422)
    assert "query.state" in page and "query.limit" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "<script>alert" not in page


def test_trouble_has_a_page_and_says_when_to_come_back(service: Service, browser: Browser) -> None:
    service.board.checks["mlflow"] = "it is away"
    answer = browser.ask("GET", "/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "Mlflow: it is away" in answer.text


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_failure_of_the_service_tells_nothing_of_the_inside(
    service: Service, browser: Browser, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    def fail() -> list[object]:
        raise RuntimeError("the inside")

    monkeypatch.setattr(service.board, "views", fail)
    answer = browser.ask("GET", "/", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "The service failed at this request" in answer.text and "the inside" not in answer.text


def test_a_token_in_an_address_is_on_no_page(service: Service, browser: Browser) -> None:
    text = service.caller(Role.READ).token
    page = browser.page(f"/?state={text}", 422)
    assert text not in page and "swp_…" in page


def test_a_damaged_token_is_told_in_words(service: Service, browser: Browser) -> None:
    (token,) = service.tokens.list()
    (service.tokens.folder / f"{token.id}.json").write_text("{")
    assert "Tokens cannot be read now." in browser.page("/", 503)


def test_refusals_name_what_an_address_takes(tmp_path_factory: pytest.TempPathFactory) -> None:
    service = make_service(tmp_path_factory.mktemp("service"))
    answer = signed_in(service, Role.SUBMIT).ask("DELETE", "/new", json=RAW)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert browser_of(service).ask("DELETE", "/new").status_code == 303
