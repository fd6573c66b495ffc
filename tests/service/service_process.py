"""`sweeps serve` in a process that is killed and started again at the same address, and requests that outlast that.

Each is forked from a process that has imported what a service imports: ten starts would otherwise be half a minute of
imports. The command is started as users do in `test_serve`.
"""

import http.client
import json
import multiprocessing
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.end_to_end.sweep_process import DEADLINE_SECONDS, wait_until

__all__ = ["ServiceProcess"]

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["sweeps.cli", "sweeps.service.serve", "mlflow.store.tracking.sqlalchemy_store"])


class ServiceProcess:
    """A service whose record is a database that it opens itself, without MLflow's pages.

    Attributes:
        home: Its home.
        log: What it says.
        database: Its record.
        token: Its first administrator's.
        url: Where it answers.
        cut_off: Requests that were asked again, roughly: several threads count.
    """

    def __init__(self, home: Path, **environment: str) -> None:
        """Keep where to serve; entering it begins.

        Args:
            home: The service's home; its record and log lie beside.
            environment: Variables of the service, besides this process's.
        """
        self.home, self.log, self.database = home, home.parent / "service.log", home.parent / "record.db"
        self.token, self.url = "", ""
        self.cut_off = 0
        self._environment = {"SWEEPS_TRACKING_URI": f"sqlite:///{self.database}", **environment}
        self._port = 0
        self._process: ForkServerProcess | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it as Ctrl-C does."""
        assert self._process is not None
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGINT)
        self._process.join(DEADLINE_SECONDS)

    def start(self) -> None:
        """Start it, at the address that it had before."""
        output = self.home.parent / "service.json"
        output.write_text("")
        command = ["serve", "--home", str(self.home), "--workers", "1", "--port", str(self._port), "--json"]
        # Not a daemon, whose children would end with it: sweeps outlive a service.
        self._process = FORKING.Process(target=_serve, args=(command, self._environment, output, self.log))
        self._process.start()
        wait_until(lambda: output.read_text().endswith("\n") or not self.lives())
        assert self.lives(), self.log.read_text(encoding="utf-8") + output.read_text()
        told = json.loads(output.read_text())
        self.token, self.url = told["token"] or self.token, told["url"]
        self._port = int(self.url.rpartition(":")[2])

    def lives(self) -> bool:
        """Tell whether it has not ended."""
        return self._process is not None and self._process.is_alive()

    def kill(self) -> None:
        """End it at once."""
        assert self._process is not None
        self._process.kill()
        self._process.join(DEADLINE_SECONDS)
        assert self._process.exitcode == -signal.SIGKILL

    def ask(
        self, method: str, path: str, body: Any = None, *, token: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Return status and JSON of an answer, asking again while the service is away."""
        deadline, bearer = time.monotonic() + DEADLINE_SECONDS, f"Bearer {token or self.token}"
        while True:
            try:
                return self._ask_once(method, path, body, {"Authorization": bearer, **(headers or {})})
            except OSError as error:  # refused, reset, cut off
                assert time.monotonic() < deadline, error
                self.cut_off += 1
                time.sleep(0.02)

    def _ask_once(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", data, {**headers, **kind}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())
        except (http.client.HTTPException, ValueError) as error:
            raise ConnectionError("the answer was cut off") from error


def _serve(command: list[str], environment: Mapping[str, str], output: Path, log: Path) -> None:
    """Be `sweeps serve` in this process, which was just forked."""
    from sweeps.cli import app

    os.environ.update(environment)
    for descriptor, path in ((1, output), (2, log)):
        with path.open("ab") as file:
            os.dup2(file.fileno(), descriptor)
    app(command, standalone_mode=False)
