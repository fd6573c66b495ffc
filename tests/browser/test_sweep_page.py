"""The page of one sweep in a real browser, over sweeps that were written by hand: live, steered, small and dark."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from sweeps.service.tokens import Role
from tests.browser.visitor import Visitor, visit
from tests.record.synthetic import write_samples
from tests.running_service import Running, serve
from tests.sweep_on_disk import begin, finish, small_spec

pytestmark = pytest.mark.browser

SECTIONS = ["#leaderboard", "#hyperparameters", "#curves", "#samples", "#log"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(scope="module")
def signed_in(running: Running, chromium: Browser) -> Any:
    """What a browser keeps once someone has signed in."""
    with visit(chromium, running.url) as visitor:
        visitor.sign_in(running.token(Role.SUBMIT))
        return visitor.page.context.storage_state()


@pytest.fixture
def visitor(running: Running, chromium: Browser, signed_in: Any, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """Someone who is signed in; a test may ask for another window."""
    with visit(chromium, running.url, storage_state=signed_in, **getattr(request, "param", {})) as visitor:
        yield visitor


def is_drawn(chart: Locator) -> None:
    """Wait until a chart has drawn something."""
    chart.scroll_into_view_if_needed()
    canvas = chart.locator("canvas")
    expect(canvas).to_be_visible()
    chart.page.wait_for_function(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(byte => byte > 0)",
        arg=canvas.element_handle(),
    )


def test_a_page_fills_while_it_is_watched_and_nothing_on_it_moves(running: Running, visitor: Visitor) -> None:
    spec = small_spec(name="live")
    ref = running.add_running(spec, evaluations=1)
    page = visitor.open(f"/sweeps/{ref}")
    page.locator("#hyperparameters summary").click()
    rows = page.locator("#hyperparameters table tbody tr")
    expect(rows).to_have_count(1)
    before = [visitor.top_of(section) for section in ("#leaderboard", "#hyperparameters")]

    begin(running.home, spec, evaluations=4)
    running.board.stand(ref, evaluations=4)
    expect(page.get_by_text("4 of 6 evaluations")).to_be_visible()
    expect(page.locator("#leaderboard tbody tr[id]")).to_have_count(4)
    expect(rows).to_have_count(4)  # it stays open, and up to date

    files = finish(running.home, spec)
    champion = (files.read_json(files.conclusion) or {})["champion"]
    running.board.stand(ref, state="finished", evaluations=6, champion=champion)
    expect(page.get_by_role("heading", name="Champion")).to_be_visible()
    expect(rows).to_have_count(5)
    assert [visitor.top_of(section) for section in ("#leaderboard", "#hyperparameters")] == before


@pytest.mark.parametrize(
    "visitor", [{"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}], indirect=True, ids=["390px"]
)
def test_a_phone_in_the_dark_shows_all_of_it(running: Running, visitor: Visitor) -> None:
    spec = small_spec(name="small-and-dark", hyperband={"max_epochs": 9})
    ref, files = running.add_finished(spec), running.files(spec)
    for trial, rung in files.evaluations():
        write_samples(files.samples(trial, rung), trial, rung)
    page = visitor.open(f"/sweeps/{ref}")
    for section in SECTIONS:
        expect(page.locator(section)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for chart in page.locator(".chart").all():
        is_drawn(chart)
    ground = page.locator("body").evaluate(
        "each => getComputedStyle(each).backgroundColor.match(/[0-9]+/g).map(Number)"
    )
    assert max(ground) < 60
    picture = page.locator("#samples img").first
    picture.scroll_into_view_if_needed()
    page.wait_for_function("image => image.naturalWidth === 160", arg=picture.element_handle())


def test_a_sweep_is_cancelled_by_keyboard_and_only_on_purpose(running: Running, visitor: Visitor) -> None:
    ref = running.add_running(small_spec(name="steered"), evaluations=2)
    page = visitor.open(f"/sweeps/{ref}")
    page.get_by_role("button", name="Cancel …").press("Enter")
    dialog = page.get_by_role("dialog", name="Cancel this sweep?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert running.board.view(ref).state == "running"
    page.keyboard.press("Enter")  # the focus is where it was
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".badge")).to_have_text("cancelled")
    expect(dialog).to_be_hidden()
    assert running.board.view(ref).state == "cancelled"
    page.get_by_role("button", name="Resume").press("Enter")
    expect(page.locator(".badge")).to_have_text("queued")


def test_the_log_is_followed_while_it_is_open(running: Running, visitor: Visitor) -> None:
    spec = small_spec(name="talkative")
    ref = running.add_running(spec, evaluations=1)
    running.say(spec, "first line\n")
    page = visitor.open(f"/sweeps/{ref}")
    page.locator("#log summary").click()
    log = page.locator("#log pre")
    expect(log).to_have_text("first line")
    with (running.files(spec).attempts / "1.log").open("a", encoding="utf-8") as file:
        file.write("second line, <b>as it is</b>\n")
    expect(log).to_have_text("first line second line, <b>as it is</b>")
    running.board.stand(ref, state="paused")


def test_curves_are_drawn_of_the_term_that_is_chosen(running: Running, visitor: Visitor) -> None:
    ref = running.add_finished(small_spec(name="curved"))
    page = visitor.open(f"/sweeps/{ref}")
    page.get_by_label("Term", exact=True).select_option("loss/L")
    is_drawn(page.locator("#by-epoch"))
    page.locator("#curves summary").click()
    expect(page.locator("#curves tbody tr:last-child td").first).to_have_text("3")
    last = page.locator("#curves tbody tr:last-child td").all_text_contents()
    assert last[:3] == ["3", "7.1", "0.3333"]


@pytest.mark.parametrize("visitor", [{"permissions": ["clipboard-read", "clipboard-write"]}], indirect=True, ids=[""])
def test_best_yaml_is_copied(running: Running, visitor: Visitor) -> None:
    spec = small_spec(name="copied")
    ref = running.add_finished(spec)
    page = visitor.open(f"/sweeps/{ref}")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == running.files(spec).best.read_text()
