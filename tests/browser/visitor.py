"""Someone at the pages of a service, in a window of their own; whatever the console complains of is a failure."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect

__all__ = ["APPEAR_MILLISECONDS", "Visitor", "visit"]

APPEAR_MILLISECONDS = 30_000
"""How long anything may take to appear."""


@dataclass
class Visitor:
    """A window at one service."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to a page of the service and return the window."""
        self.page.goto(f"{self.url}{path}")
        return self.page

    def sign_in(self, token: str) -> None:
        """Give a token to the form."""
        page = self.open("/login")
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="All sweeps")).to_be_visible()

    def top_of(self, selector: str) -> float:
        """Return how far from the top of the page an element stands."""
        return float(self.page.locator(selector).evaluate("each => each.getBoundingClientRect().top + scrollY"))

    def hear(self, message: ConsoleMessage) -> None:
        """Note what the console says of errors, violations of the pages' policy among them."""
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def stay(self, route: Route) -> None:
        """Let requests to the service through; nobody else may be asked."""
        if route.request.url.startswith(self.url):
            route.continue_()
        else:
            self.complaints.append(f"asked {route.request.url}")
            route.abort()


@contextmanager
def visit(browser: Browser, url: str, **settings: Any) -> Iterator[Visitor]:
    """Open a window for the block; what it complained of fails at the end."""
    context = browser.new_context(**settings)
    visitor = Visitor(context.new_page(), url)
    visitor.page.set_default_timeout(APPEAR_MILLISECONDS)
    expect.set_options(timeout=APPEAR_MILLISECONDS)
    visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    visitor.page.on("console", visitor.hear)
    context.route("**", visitor.stay)
    try:
        yield visitor
        assert visitor.complaints == []
    finally:
        context.close()
