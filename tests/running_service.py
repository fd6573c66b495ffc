"""A service on loopback, over a board in memory: real requests, and no process but this one."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import uvicorn

from sweeps.execution.storage import Home, SweepFiles, write_once
from sweeps.service.app import make_app
from sweeps.service.limits import Limits
from sweeps.service.tokens import Role, Tokens
from sweeps.settings import Settings
from sweeps.spec import SweepSpec
from tests.service.memory_board import MemoryBoard
from tests.sweep_on_disk import begin, finish

__all__ = ["Running", "serve"]


@dataclass(frozen=True)
class Running:
    """A service that answers."""

    url: str
    root: Path
    board: MemoryBoard
    tokens: Tokens

    @property
    def home(self) -> Home:
        """The home of project `default`."""
        return Home(self.root)

    def token(self, role: Role = Role.SUBMIT, *projects: str) -> str:
        """Return a new token."""
        return self.tokens.create(role, role, projects or None)[1]

    def add(self, spec: SweepSpec, project: str = "default") -> str:
        """Submit a sweep and return its ref."""
        return self.board.submit(spec, project=project, priority=0, by="test", key="")[0].ref

    def add_finished(self, spec: SweepSpec) -> str:
        """Submit a sweep, write what it would have found, and return its ref."""
        ref, files = self.add(spec), self.files(spec)
        finish(self.home, spec)
        champion = (files.read_json(files.conclusion) or {})["champion"]
        planned = spec.ladder().evaluations
        self.board.stand(ref, state="finished", evaluations=planned, champion=champion)
        return ref

    def add_running(self, spec: SweepSpec, evaluations: int) -> str:
        """Submit a sweep, write its first results, and return its ref."""
        ref = self.add(spec)
        begin(self.home, spec, evaluations)
        self.board.stand(ref, state="running", evaluations=evaluations)
        return ref

    def files(self, spec: SweepSpec) -> SweepFiles:
        """Return the files of a sweep."""
        return self.home.sweep(spec.sweep_id)

    def say(self, spec: SweepSpec, text: str) -> None:
        """Write the log of a sweep's first attempt."""
        write_once(self.files(spec).root / "attempts" / "1.log", text.encode())


@contextmanager
def serve(root: Path) -> Iterator[Running]:
    """Serve the sweeps of a folder while the block runs."""
    board, tokens = MemoryBoard(root), Tokens.of(root)
    app = make_app(board, tokens, Settings(home=root), limits=Limits(burst=10**6), workers=2)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as asyncio does for sockets of its own
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", timeout_graceful_shutdown=5))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive() and time.monotonic() < deadline, "the service must start within 30 s"
            time.sleep(0.01)
        yield Running(f"http://127.0.0.1:{listening.getsockname()[1]}", root, board, tokens)
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()
