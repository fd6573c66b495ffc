"""A real Ray head on this machine, with a token: started, killed at once, and started again at the same address."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from sweeps.service.ray_jobs import RayJobs
from tests.end_to_end.sweep_process import descendants_of, wait_until

__all__ = ["RayHead"]

PORTS = (
    "port",
    "dashboard-port",
    "dashboard-agent-listen-port",
    "dashboard-agent-grpc-port",
    "metrics-export-port",
    "node-manager-port",
    "object-manager-port",
    "ray-client-server-port",
    "runtime-env-agent-port",
)

OBJECT_STORE_BYTES = 10**8

ENDS_WITHIN_SECONDS = 20


class RayHead:
    """The head of a cluster of one node and one processor."""

    def __init__(self) -> None:
        self.token = secrets.token_hex(32)
        self._ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
        self._folder = tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Of its dashboard."""
        return f"http://127.0.0.1:{self._ports['dashboard-port']}"

    def jobs(self) -> RayJobs:
        """Return its Jobs API."""
        return RayJobs(self.address, self.token)

    def start(self) -> None:
        """Begin to start it; `wait` until it answers."""
        command = [str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", "--num-cpus", "1"]
        command += ["--dashboard-host", "127.0.0.1", "--include-dashboard", "true"]
        command += ["--object-store-memory", str(OBJECT_STORE_BYTES), "--temp-dir", self._folder.name]
        command += [word for name, port in self._ports.items() for word in (f"--{name}", str(port))]
        environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": self.token,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        }
        with Path(self._folder.name, "head.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=os.environ | environment,
                cwd=self._folder.name,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Return when it answers."""
        wait_until(self.answers)

    def answers(self) -> bool:
        """Tell whether it takes jobs."""
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            urllib.request.urlopen(
                urllib.request.Request(f"{self.address}/api/jobs/", headers=headers), timeout=5
            ).close()
        except (urllib.error.URLError, OSError):
            return False
        return True

    def kill(self, spare: Callable[[str], bool] = lambda command: False) -> None:
        """Kill it and all that it started at once, but for processes whose command line is to be spared."""
        if self._process is None:
            return
        for pid in [self._process.pid, *descendants_of(self._process.pid)]:
            with suppress(OSError):  # it has ended meanwhile
                if not spare(Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")):
                    os.kill(pid, signal.SIGKILL)
        self._process.wait(ENDS_WITHIN_SECONDS)

    def close(self) -> None:
        """End it, and remove what it wrote."""
        self.kill()
        self._folder.cleanup()


def _free_ports(count: int) -> list[int]:
    """Return ports that are free, all different, since all are held until the last is found."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
