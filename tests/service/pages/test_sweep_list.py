"""The list of sweeps: what a row tells, filters, pages, and what may be wished."""

import re
from typing import Any

import pytest

from sweeps.execution.storage import Home
from sweeps.service import timeline
from sweeps.service.pages.sweep_list import SWEEPS, Best, best_of
from sweeps.service.timeline import Event, Id
from sweeps.service.tokens import Role
from tests.service.conftest import Caller, Service
from tests.service.pages.conftest import Browser, signed_in
from tests.sweep_on_disk import RAW, begin, small_spec


def add(service: Service, name: str, project: str = "default", **changes: Any) -> str:
    """Submit a sweep, have it stand as a test needs it, and return its ref."""
    view, _ = service.board.submit(small_spec(name=name), project=project, priority=0, by="test", key="")
    service.board.stand(view.ref, **changes)
    return view.ref


def names(page: str) -> list[str]:
    return re.findall(r'<a href="/sweeps/[^"]+" title="[^"]+">([^<]+)</a>', page)


def buttons(page: str) -> list[str]:
    return re.findall(r'hx-post="/api/v1/sweeps/[^/]+/([a-z]+)"', page)


def test_without_sweeps_it_says_what_to_do(service: Service, browser: Browser) -> None:
    page = browser.page("/")
    assert "There is no sweep yet" in page and "sweeps submit" in page
    assert "Your token may look, not submit." in signed_in(service, Role.READ).page("/")


def test_a_row_tells_how_a_sweep_stands(service: Service, browser: Browser) -> None:
    champion = {"mean": 7.123456, "standard_error": 0.0912345}
    ref = add(service, "small", "team-a", state="finished", evaluations=6, champion=champion)
    row = re.sub(r"<[^>]+>|\s+", " ", browser.page("/").partition("<tbody>")[2])
    assert row.split()[:11] == ["finished", "small", "beta_vae", ",", "digits", "6", "of", "6", "7.123", "fid", "±"]
    assert f'id="{ref}"' in browser.page("/") and "team-a" in row


def test_a_sweep_that_runs_tells_the_best_of_those_that_came_farthest(
    service: Service, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "SETTLE_NS", 0)
    spec = small_spec(name="small")
    add(service, "small", state="running", evaluations=5)
    begin(Home(service.board.root), spec, 5)
    page = browser.page("/")
    assert "10.1" in page and "fid, 3 epochs" in page


def test_the_best_is_of_the_longest_training_and_diverged_ones_are_none() -> None:
    def event(epochs: int, mean: float | None) -> Event:
        return Event(Id(1, 0, 0, 0), "evaluation", {"epochs": epochs, "mean": mean, "standard_error": 0.5})

    assert best_of([event(1, 1.0), event(3, 5.0), event(3, 4.0), event(9, None)]) == Best(4.0, 0.5, 3)
    assert best_of([event(9, None), Event(Id(1, 0, 0, 1), "promotion", {"rung": 1})]) is None


def test_why_a_sweep_failed_is_told_and_nothing_in_it_is_run(service: Service, browser: Browser) -> None:
    add(service, "small", state="failed", why='<img src=x onerror=alert(1)> "quoted"')
    page = browser.page("/")
    assert "&lt;img src=x onerror=alert(1)&gt;" in page and "<img src=x" not in page


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("queued", ["pause", "cancel"]),
        ("running", ["pause", "cancel"]),
        ("pausing", ["resume", "cancel"]),
        ("paused", ["resume", "cancel"]),
        ("cancelling", ["resume"]),
        ("cancelled", ["resume"]),
        ("failed", ["resume"]),
        ("finished", []),
    ],
)
def test_what_makes_sense_is_offered(service: Service, browser: Browser, state: str, offered: list[str]) -> None:
    add(service, "small", state=state)
    assert buttons(browser.page("/")) == offered


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["four", "three", "two", "one"]),
        ("name=t", ["three", "two"]),
        ("state=running", ["two"]),
        ("model=beta_vae&name=o", ["one"]),
        ("model=vae", []),
        ("project=team-a", ["four"]),
        ("name=&state=&model=&project=&cursor=", ["four", "three", "two", "one"]),
    ],
)
def test_filters(service: Service, browser: Browser, query: str, found: list[str]) -> None:
    for name, changes in (("one", {}), ("two", {"state": "running"}), ("three", {})):
        add(service, name, **changes)
    add(service, "four", "team-a")
    page = browser.page(f"/?{query}")
    assert names(page) == found
    assert ("No sweep is like that" in page) == (not found)


def test_within_the_page_the_table_alone_is_sent_and_asks_for_the_same(service: Service, browser: Browser) -> None:
    add(service, "small")
    part = browser.ask("GET", "/?name=sm&state=queued", headers={"HX-Request": "true"}).text
    assert part.startswith('<div id="sweeps" hx-get="/?name=sm&amp;state=queued&amp;')
    assert names(part) == ["small"]


def test_pages_lead_from_the_latest_to_the_earliest(service: Service, browser: Browser) -> None:
    made = [f"sweep-{number}" for number in range(SWEEPS + 3)]
    for name in made:
        add(service, name)
    first = browser.page("/?state=queued")
    (following,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = browser.page(following.replace("&amp;", "&"))
    assert names(first) + names(second) == made[::-1]
    assert 'rel="next"' not in second and ">Latest</a>" in second


def test_a_projects_sweeps_are_shown_to_its_tokens_alone(service: Service) -> None:
    admin: Caller = service.caller(Role.ADMIN)
    for project in ("team-a", "team-b"):
        admin.post(f"/api/v1/sweeps?project={project}", {**RAW, "name": f"of-{project}"}, 201)
    page = signed_in(service, Role.SUBMIT, "team-a").page("/")
    assert names(page) == ["of-team-a"] and "team-b" not in page
