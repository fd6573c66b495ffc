"""A service over a board in memory, and callers with tokens of each role."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from sweeps.service import events, logs, timeline
from sweeps.service.app import make_app
from sweeps.service.limits import Limits
from sweeps.service.tokens import Role, Tokens
from sweeps.settings import Settings
from tests.service.memory_board import MemoryBoard
from tests.service.ray_head import RayHead


@dataclass(frozen=True)
class Caller:
    """Asks the service with one token, or with none."""

    client: TestClient
    token: str

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **body: Any) -> httpx2.Response:
        """Return the answer; every refusal must be a problem, and no answer may hold the token."""
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.client.request(method, path, headers={**bearer, **(headers or {})}, **body)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code
            assert set(answer.json()) >= {"type", "title", "status", "detail"}
        assert not self.token or self.token not in answer.text + str(answer.headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        return answer

    def get(self, path: str, status: int = 200, **headers: str) -> Any:
        """Return what a path answers."""
        answer = self.ask("GET", path, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, status: int = 200, **headers: str) -> Any:
        """Return what a path answers to JSON."""
        answer = self.ask("POST", path, headers=headers, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()


@dataclass(frozen=True)
class Service:
    """A service, its board and its tokens."""

    board: MemoryBoard
    tokens: Tokens
    client: TestClient

    def caller(self, role: Role, *projects: str) -> Caller:
        """Return someone with a new token."""
        return Caller(self.client, self.tokens.create(role, role, projects or None)[1])

    def nobody(self) -> Caller:
        """Return someone without a token."""
        return Caller(self.client, "")


def make_service(root: Path, limits: Limits | None = None) -> Service:
    """Return a service whose home is a folder."""
    board, tokens = MemoryBoard(root), Tokens.of(root)
    app = make_app(board, tokens, Settings(home=root), limits=limits or Limits(burst=10**6), workers=2)
    return Service(board, tokens, TestClient(app, raise_server_exceptions=False))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have streams look often."""
    monkeypatch.setattr(events, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(logs, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(timeline, "REST_SECONDS", 0.0)


@pytest.fixture(scope="session")
def ray_head() -> Iterator[RayHead]:
    """A Ray that answers; a test that kills it starts it again."""
    head = RayHead()
    head.start()
    try:
        head.wait()
        yield head
    finally:
        head.close()


@pytest.fixture
def service(odd_path: Path) -> Service:
    return make_service(odd_path)


@pytest.fixture
def user(service: Service) -> Caller:
    """Someone who may submit everywhere."""
    return service.caller(Role.SUBMIT)
