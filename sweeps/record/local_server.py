"""Pages on this machine: a server on loopback, started for as long as a command shows it and ended with it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sweeps.errors import SweepError
from sweeps.execution import bound_process

__all__ = ["LocalServer", "Pages", "end", "launch", "loopback", "serve", "wait_until_healthy"]

START_SECONDS = 60.0
END_SECONDS = 10.0


@dataclass(frozen=True)
class Pages:
    """Pages that are open at a sweep; `pid` is 0 if a server that was running already shows them."""

    url: str
    pid: int
    process: subprocess.Popen[bytes] | None

    def wait(self) -> None:
        """Return when the server ends."""
        if self.process is not None:
            self.process.wait()


@dataclass(frozen=True)
class LocalServer:
    """What to start.

    Attributes:
        name: As people call it.
        command: The program and its arguments.
        address: Where it answers, as `http://127.0.0.1:5000`.
        health: Path that answers once it is up.
        log: Where its output goes.
        environment: Variables besides those of this process.
    """

    name: str
    command: tuple[str, ...]
    address: str
    health: str
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def loopback(port: int) -> str:
    """Return an address on this machine alone; port 0 takes a free one."""
    return f"http://127.0.0.1:{port or _free_port()}"


@contextmanager
def serve(server: LocalServer) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a server that answers.

    Side effects: starts it in a process group of its own, and ends that group afterwards; should the calling thread be
    killed, the system ends it.

    Raises:
        SweepError: It does not start.
    """
    server.log.unlink(missing_ok=True)
    process = launch(server)
    try:
        wait_until_healthy(server, process)
        yield process
    finally:
        end(process)


def launch(server: LocalServer) -> subprocess.Popen[bytes]:
    """Start a server, which does not answer yet; what it says is added to its log.

    Side effects: it is in a process group of its own; should the calling thread end, the system ends it.
    """
    with server.log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  # our own words and a path, no shell
            [sys.executable, "-m", bound_process.__name__, *server.command],
            env=os.environ | server.environment,
            cwd=server.log.parent,  # where MLflow makes folders by names that it takes from addresses of databases
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def wait_until_healthy(server: LocalServer, process: subprocess.Popen[bytes]) -> None:
    """Return when a server answers.

    Raises:
        SweepError: It ends, or does not answer within a minute.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{server.address}/{server.health}", timeout=2):  # noqa: S310  # loopback
                return
        except OSError:
            time.sleep(0.1)
    rule = f"{server.name} must answer at {server.address} within {START_SECONDS:.0f} s"
    raise SweepError(f"{rule}, but does not. Read {server.log}.")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server with its process group, gently at first; what a server that has died left of its group, at once."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with suppress(ProcessLookupError):  # it has just ended
                os.killpg(process.pid, number)
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        break
    with suppress(ProcessLookupError):  # nothing is left of it
        os.killpg(process.pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
