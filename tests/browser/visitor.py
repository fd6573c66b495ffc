"""Someone at the pages, in a real Chromium; whatever the console or the pages' policy complains of is a failure."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

__all__ = ["Visitor", "chromium", "visit"]

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
CHROMIUM_FLAGS += ["--disable-background-networking", "--disable-component-update"]
APPEAR_MILLISECONDS = 30_000

NOTE_VIOLATIONS = """
addEventListener("securitypolicyviolation", event =>
    console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI}`))
"""


@dataclass
class Visitor:
    """A browser's window at one service."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def sign_in(self, token: str) -> None:
        """Give a token to the form."""
        self.page.goto(f"{self.url}/login")
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="All sweeps")).to_be_visible()

    def open(self, path: str) -> Page:
        """Go to a page of the service and return the window."""
        self.page.goto(f"{self.url}{path}")
        return self.page

    def top_of(self, selector: str) -> float:
        """Return how far from the top of the page an element stands."""
        return float(self.page.locator(selector).evaluate("each => each.getBoundingClientRect().top + scrollY"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, or skip where there is none."""
    if not CHROMIUM.exists():
        message = f"the browser tests need Chromium at {CHROMIUM}: apt-get install chromium"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser: Browser, url: str, **settings: Any) -> Iterator[Visitor]:
    """Open a window for the block; what it complained of fails at the end."""
    context = browser.new_context(**settings)
    page = context.new_page()
    page.set_default_timeout(APPEAR_MILLISECONDS)
    expect.set_options(timeout=APPEAR_MILLISECONDS)
    page.add_init_script(NOTE_VIOLATIONS)
    visitor = Visitor(page, url)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    page.on("console", lambda said: visitor.complaints.append(said.text) if said.type in ("error", "warning") else None)
    context.route("**", lambda route: _stay(route, visitor))
    try:
        yield visitor
        assert visitor.complaints == []
    finally:
        context.close()


def _stay(route: Route, visitor: Visitor) -> None:
    """Let requests to the service through; nothing else may be asked."""
    if route.request.url.startswith(visitor.url):
        route.continue_()
    else:
        visitor.complaints.append(f"asked {route.request.url}")
        route.abort()
