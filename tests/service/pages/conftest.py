"""Browsers in front of the service: what they send by themselves, and what they keep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from sweeps.service.tokens import Role
from tests.service.conftest import Service

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@dataclass(frozen=True)
class Browser:
    """Asks as a browser does for a page of the service, and keeps cookies."""

    client: TestClient

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **body: Any) -> httpx2.Response:
        """Return the answer; nothing that is said to a browser may be run, framed or kept."""
        told = {"Accept": HTML, "Sec-Fetch-Site": "same-origin", **(headers or {})}
        answer = self.client.request(method, path, headers=told, follow_redirects=False, **body)
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        return answer

    def page(self, path: str, status: int = 200, **headers: str) -> str:
        """Return the page at a path."""
        answer = self.ask("GET", path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert answer.headers["cache-control"] == "no-store"
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        return answer.text

    def sign_in(self, text: str) -> "Browser":
        """Sign in with a token, and return the browser that is."""
        answer = self.ask("POST", "/login", data={"token": text})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        return self


def browser_of(service: Service) -> Browser:
    """Return a browser that has never been here."""
    return Browser(TestClient(service.client.app, raise_server_exceptions=False))


def signed_in(service: Service, role: Role, *projects: str) -> Browser:
    """Return a browser that is signed in with a new token."""
    return browser_of(service).sign_in(service.caller(role, *projects).token)


@pytest.fixture
def browser(service: Service) -> Browser:
    """Signed in, and may submit everywhere."""
    return signed_in(service, Role.SUBMIT)
