"""The page on which a sweep is written: its parts, its faults, its plan, and what is submitted."""

import html
import re
from typing import Any

import pytest

from sweeps.service.pages.new_sweep import BEGINNING
from sweeps.service.tokens import Role
from sweeps.spec_checks import parse_spec
from sweeps.spec_file import parse_text
from tests.service.conftest import Service
from tests.service.pages.conftest import Browser, browser_of, signed_in
from tests.sweep_on_disk import RAW


def text_of(page: str) -> str:
    """Return what stands in the editor."""
    (found,) = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page, flags=re.DOTALL)
    return html.unescape(found)


def faults_of(page: str) -> list[tuple[int, str]]:
    """Return each fault's line and text."""
    found = re.findall(r'<li data-line="(\d+)">(.*?)</li>', page, flags=re.DOTALL)
    return [(int(line), " ".join(re.sub(r"<[^>]+>", "", text).split())) for line, text in found]


def draft(browser: Browser, text: str, **fields: str) -> str:
    """Return the part that is sent after a change."""
    headers = {"HX-Request": "true"}
    answer = browser.ask("POST", "/new/draft", headers=headers, data={"text": text, "shown": text, **fields})
    assert answer.status_code == 200
    return answer.text


def test_it_begins_with_a_sound_spec_and_its_plan(browser: Browser) -> None:
    page = browser.page("/new")
    assert text_of(page) == BEGINNING
    assert faults_of(page) == []
    assert "<dt>Trials</dt><dd>17</dd>" in page and "<dt>Fold-epochs</dt><dd>690</dd>" in page
    assert "disabled" not in page


def test_a_change_is_answered_with_the_form_alone(browser: Browser) -> None:
    part = draft(browser, BEGINNING, max_epochs="27")
    assert part.lstrip().startswith('<form id="draft"')
    assert "max_epochs: 27" in text_of(part)
    assert "<dt>Trials</dt><dd>49</dd>" in part
    cells = re.findall(r"<td class=\"number\">\s*(\d+)", part)
    assert cells == ["27", "9", "3", "1", "12", "4", "1", "6", "2", "4"]


def test_every_fault_stands_at_its_line_and_there_is_no_plan(browser: Browser) -> None:
    part = draft(browser, BEGINNING.replace("9", "10").replace("digits\n", "digit\n") + "sed: 1\n")
    assert [line for line, _ in faults_of(part)] == [3, 8, 9]
    assert faults_of(part)[1][1] == (
        "Line 8 hyperband.max_epochs: max_epochs must be a power of eta=3, but got 10. The nearest are 9 and 27."
    )
    assert "<dt>Trials</dt>" not in part
    assert "disabled>Submit sweep" in part and 'aria-invalid="true"' in part


def test_what_is_written_is_shown_and_not_run(browser: Browser) -> None:
    text = 'name: "</textarea><script>alert(1)</script>"\n'
    part = draft(browser, text)
    assert text_of(part) == text
    assert "<script>" not in part


@pytest.mark.parametrize("text", ["[" * 20_000, "a: &a [*a]", "\x00", "é" * 60_000, "- 1", "{", "x: " + "9" * 5000])
def test_hostile_texts_are_told_as_faults(browser: Browser, text: str) -> None:
    assert len(faults_of(draft(browser, text, folds="7"))) >= 1


def test_a_sweep_is_submitted_once_and_shown_among_the_others(service: Service, browser: Browser) -> None:
    text = BEGINNING.replace("\n", "\r\n")  # as forms send it
    sent = {"text": text, "shown": text, "project": "team-a", "priority": "7"}
    ref = f"team-a~{parse_spec(parse_text(BEGINNING.encode())).sweep_id}"
    for _ in range(2):
        answer = browser.ask("POST", "/new", data=sent)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sweeps/{ref}")
    (view,) = service.board.known.values()
    (token,) = service.tokens.list()
    assert (view.ref, view.priority, view.submitted_by) == (ref, 7, f"submit (token {token.id})")


def test_a_faulty_sweep_is_shown_again(service: Service, browser: Browser) -> None:
    answer = browser.ask("POST", "/new", data={"text": "name: x\n", "shown": "name: x\n", "priority": "3"})
    assert answer.status_code == 422
    assert "<h1>New sweep</h1>" in answer.text and 'value="3"' in answer.text
    assert len(faults_of(answer.text)) == 4
    assert not service.board.known


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"project": "Team A"}, 422),
        ({"project": "team-b"}, 403),
        ({"priority": "99999"}, 303),
        ({"priority": "x"}, 303),
    ],
)
def test_project_and_priority_are_checked(service: Service, sent: dict[str, Any], status: int) -> None:
    browser = signed_in(service, Role.SUBMIT, *(["team-a"] if sent.get("project") == "team-b" else []))
    answer = browser.ask("POST", "/new", data={"text": BEGINNING, "shown": BEGINNING, **sent})
    assert answer.status_code == status
    assert [view.priority for view in service.board.known.values()] == (
        [1000 if sent["priority"] == "99999" else 0] if status == 303 else []
    )


def test_a_tokens_projects_are_offered(service: Service) -> None:
    page = signed_in(service, Role.SUBMIT, "team-b", "team-a").page("/new")
    assert re.findall(r'<option value="(team-[ab])"', page) == ["team-a", "team-b"]


def test_it_begins_like_another_sweep(service: Service, browser: Browser) -> None:
    ref = service.caller(Role.ADMIN).post("/api/v1/sweeps?project=team-a", RAW, 201)["sweep"]["ref"]
    text = text_of(browser.page(f"/new?like={ref}"))
    assert parse_spec(parse_text(text.encode())).sweep_id == parse_spec(RAW).sweep_id
    assert signed_in(service, Role.ADMIN, "team-b").page(f"/new?like={ref}", 404)


def test_another_sites_form_submits_nothing(service: Service, browser: Browser) -> None:
    for site in ("cross-site", "same-site"):
        answer = browser.ask("POST", "/new", headers={"Sec-Fetch-Site": site}, data={"text": BEGINNING})
        assert answer.status_code == 403
    assert browser_of(service).ask("POST", "/new", data={"text": BEGINNING}).status_code == 303
    assert not service.board.known
