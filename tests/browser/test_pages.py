"""The pages as people use them, in a real browser: sign in, look, write a sweep, submit it, steer it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, ViewportSize, expect

from sweeps.service.links import Links, link_to
from sweeps.service.tokens import Role
from tests import running_service
from tests.browser.visitor import visit
from tests.running_service import Running
from tests.sweep_on_disk import small_spec

pytestmark = pytest.mark.browser

LINE_PIXELS = 24
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with running_service.serve(tmp_path) as running:
        yield running


@pytest.fixture
def page(chromium: Browser, service: Running) -> Iterator[Page]:
    """A window that has never been anywhere."""
    with visit(chromium, service.url, viewport={"width": 1280, "height": 900}) as visitor:
        yield visitor.page


def sign_in(page: Page, service: Running, role: Role = Role.SUBMIT) -> None:
    """Open a link as `sweeps serve` prints it."""
    token, _ = service.tokens.create(role, role)
    page.goto(link_to(service.url, Links.of(service.tokens).make(token)))
    page.wait_for_url(f"{service.url}/")


def top_of(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return box["y"]


def rows(page: Page) -> Locator:
    return page.locator("tbody tr")


def test_from_the_link_to_a_sweep_in_the_list(page: Page, service: Running) -> None:
    page.goto(f"{service.url}/new")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, service)
    assert "code" not in page.url and page.go_back() is not None and "code" not in page.url
    page.goto(service.url)
    expect(page.get_by_role("heading", name="There is no sweep yet")).to_be_visible()

    page.get_by_role("main").get_by_role("link", name="New sweep").click()
    plan, text = page.locator("#plan"), page.get_by_role("textbox", name="Spec")
    expect(plan).to_contain_text("Trials17")
    text.fill(text.input_value().replace("max_epochs: 9", "max_epochs: 10").replace("folds", "fold"))
    expect(plan).to_contain_text("as soon as the spec has no faults")
    faults = page.locator(".faults li")
    expect(faults).to_have_count(2)
    expect(faults.nth(0)).to_contain_text("Line 7 fold: it must be a key of this section")
    expect(page.locator(".gutter .wrong")).to_have_count(2)
    assert top_of(faults.nth(0)) - top_of(page.locator(".gutter li").nth(6)) == pytest.approx(0, abs=LINE_PIXELS / 2)
    submit = page.get_by_role("button", name="Submit sweep")
    expect(submit).to_be_disabled()

    text.fill(text.input_value().replace("fold:", "folds:"))
    expect(faults).to_have_count(1)
    page.get_by_label("Epochs").fill("27")
    expect(plan).to_contain_text("Trials49")
    page.get_by_label("Model").select_option("vae")
    expect(text).to_have_value(re.compile("model: vae\ndataset: digits\nspace: vae\n"))
    page.get_by_label("Name", exact=True).fill("mine")
    page.keyboard.press("Enter")  # fills the field in, and submits nothing
    expect(text).to_have_value(re.compile("name: mine\n"))
    expect(submit).to_be_enabled()
    assert not service.board.known
    submit.focus()
    page.keyboard.press("Enter")

    page.wait_for_url(f"{service.url}/sweeps/mine-*")
    expect(page.get_by_role("heading", name="mine")).to_be_visible()
    page.get_by_role("link", name="All sweeps").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("mine")
    (view,) = service.board.known.values()
    assert (view.model, view.planned) == ("vae", 69)


def test_what_is_typed_before_the_scripts_are_there_is_looked_at_too(page: Page, service: Running) -> None:
    sign_in(page, service)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/htmx.min.js", hold)
    page.goto(f"{service.url}/new", wait_until="commit")
    text = page.get_by_role("textbox", name="Spec")
    text.fill(text.input_value().replace("folds", "fold"))
    for route in held:
        route.continue_()
    assert held
    expect(page.locator(".faults li")).to_have_count(1)


def test_the_list_is_live_and_nothing_moves(page: Page, service: Running) -> None:
    ref = service.add(small_spec(name="first"))
    service.add(small_spec(name="second"))
    sign_in(page, service)
    page.get_by_role("searchbox", name="Name").fill("fir")
    expect(rows(page)).to_have_count(1)
    assert "name=fir" in page.url
    page.get_by_role("searchbox", name="Name").fill("")
    expect(rows(page)).to_have_count(2)

    cells = page.locator("tbody td")
    before = [cell.bounding_box() for cell in cells.all()]
    pause = page.get_by_role("button", name="Pause first")
    page.get_by_role("searchbox", name="Name").focus()
    service.board.stand(ref, state="running", evaluations=3)
    row = rows(page).filter(has_text="first")
    expect(row.locator(".badge")).to_have_text("running")
    expect(row).to_contain_text("3 of 6")
    assert [cell.bounding_box() for cell in cells.all()] == before
    expect(page.get_by_role("searchbox", name="Name")).to_be_focused()

    pause.focus()
    page.keyboard.press("Enter")
    expect(row.locator(".badge")).to_have_text("paused")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Cancel first").click()
    expect(row.locator(".badge")).to_have_text("cancelled")
    service.tokens.revoke(service.tokens.list()[0].id)
    page.goto(f"{service.url}/new")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_pages_fit_a_phone_and_stay_dark_if_so_chosen(page: Page, service: Running) -> None:
    service.add(small_spec(name="a-sweep-with-a-name-of-the-longest-that-people-will-think-of"))
    page.set_viewport_size(PHONE)
    page.goto(f"{service.url}/login")
    colour = "document.body.ownerDocument.defaultView.getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate(colour)
    assert dark != light
    sign_in(page, service)
    for path in ("/", "/new", "/login"):
        page.goto(service.url + path)
        expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
        assert page.evaluate(colour) == dark
        assert page.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
    page.goto(service.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
