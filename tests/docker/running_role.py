"""Roles of docker/ as processes of this machine: started by their entry points, asked by their health check."""

import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCKER", "RunningRole", "free_port", "postgres_programs", "start", "work_folder"]

DOCKER = Path(__file__).parents[2] / "docker"
CHECKS = runpy.run_path(str(DOCKER / "healthcheck.py"))
IS_READY = ["pg_isready", "--quiet", "--host=127.0.0.1", "--username=mlflow", "--dbname=mlflow"]
START_SECONDS = 120.0
END_SECONDS = 60.0


@dataclass(frozen=True)
class RunningRole:
    """A process of its own session; `environment` is all it was given."""

    process: subprocess.Popen[bytes]
    environment: dict[str, str]
    log: Path

    def trouble(self, **changes: str) -> str | None:
        """Return what the health check finds wrong, or None; `changes` are to the environment it is given."""
        if self.environment["SWEEPS_ROLE"] == "postgres":
            ran = subprocess.run(IS_READY, env=self.environment, capture_output=True, text=True, check=False)
            return ran.stdout if ran.returncode else None
        asked = CHECKS["question"](self.environment["SWEEPS_ROLE"], self.environment | changes)
        said: str | None = CHECKS["ask"](self.environment["SWEEPS_HOST"], asked)
        return said

    def said(self) -> str:
        """Return what the process wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait(self) -> None:
        """Return as soon as the health check finds nothing wrong."""
        deadline = time.monotonic() + START_SECONDS
        while self.trouble() is not None:
            assert self.process.poll() is None and time.monotonic() < deadline, self.said()
            time.sleep(0.1)


@contextmanager
def start(role: str, environment: dict[str, str], *, user: str | None = None) -> Iterator[RunningRole]:
    """Yield a role that its health check finds well, and end it as a container engine would.

    Args:
        role: Name of the entry point.
        environment: What it is given, besides a path to programs; `HOME` is its folder.
        user: Who runs it; None is the user of the tests.
    """
    folder = Path(environment["HOME"])
    entry_points = shutil.copytree(DOCKER / "entrypoints", folder / role)  # where any user may read it
    path = f"{Path(sys.executable).parent}:{postgres_programs() or ''}:{os.environ['PATH']}"
    given = {"PATH": path, "PYTHONPATH": str(DOCKER.parent), "SWEEPS_HOST": "127.0.0.1", "SWEEPS_ROLE": role}
    given |= environment
    log = folder / f"{role}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [entry_points / f"{role}.sh"],
            env=given,
            cwd=folder,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    running = RunningRole(process, given, log)
    try:
        running.wait()
        yield running
    finally:
        process.send_signal(signal.SIGINT if role == "postgres" else signal.SIGTERM)  # as the Dockerfile says
        try:
            process.wait(END_SECONDS)
        finally:
            with suppress(ProcessLookupError):  # it left nobody behind
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def work_folder(user: str | None = None) -> Iterator[Path]:
    """Yield a new folder of a user, with a name so short that sockets may lie in it."""
    with tempfile.TemporaryDirectory(prefix="sweeps-", dir="/tmp") as name:
        if user:
            shutil.chown(name, user, user)
        yield Path(name)


def postgres_programs() -> Path | None:
    """Return the folder of Debian's PostgreSQL, or None if there is none."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def free_port() -> str:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])
