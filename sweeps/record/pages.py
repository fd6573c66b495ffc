"""MLflow's own pages on this machine: started on loopback, opened at the sweep's view, ended with the command."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from sweeps.errors import SweepError
from sweeps.execution.storage import Home
from sweeps.record.dashboard import dashboard_url

__all__ = ["Pages", "serve_pages"]

START_SECONDS = 60.0
END_SECONDS = 10.0


@dataclass(frozen=True)
class Pages:
    """MLflow's pages, open at a sweep; `pid` is 0 if a server that was running already shows them."""

    url: str
    pid: int
    process: subprocess.Popen[bytes] | None

    def wait(self) -> None:
        """Return when the server ends."""
        if self.process is not None:
            self.process.wait()


@contextmanager
def serve_pages(home: Home, tracking_uri: str | None, sweep_id: str, port: int) -> Iterator[Pages]:
    """Serve the record and yield the link to a sweep's view.

    Side effects: starts `mlflow server` in a process group of its own and ends it afterwards; its log is in the home.

    Raises:
        SweepError: The server does not start, or the record does not know the sweep.
    """
    if tracking_uri and tracking_uri.startswith("http"):
        yield Pages(dashboard_url(tracking_uri, _experiment_id(tracking_uri, sweep_id)), 0, None)
        return
    address = f"http://127.0.0.1:{port or _free_port()}"
    log = home.root / "dashboard.log"
    store = tracking_uri or f"sqlite:///{home.record}"
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store, "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # our own words and a path, no shell
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait_until_healthy(address, process, str(log))
        yield Pages(dashboard_url(address, _experiment_id(address, sweep_id)), process.pid, process)
    finally:
        _end(process)


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2):  # noqa: S310  # our own loopback address
                return
        except OSError:
            time.sleep(0.1)
    raise SweepError(f"MLflow must answer at {address} within {START_SECONDS:.0f} s, but does not. Read {log}.")


def _experiment_id(address: str, sweep_id: str) -> str:
    url = f"{address.rstrip('/')}/api/2.0/mlflow/experiments/get-by-name?experiment_name={quote(sweep_id)}"
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310  # as the user set it, http or https
            return str(json.load(answer)["experiment"]["experiment_id"])
    except urllib.error.HTTPError as error:
        raise SweepError(
            f"the record at {address} must know {sweep_id}, but answers {error.code}. Run the sweep again: "
            "it computes nothing twice and the record catches up."
        ) from error
    except OSError as error:
        remedy = "Start it, or unset $SWEEPS_TRACKING_URI."
        raise SweepError(f"MLflow must answer at {address}, but {error}. {remedy}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
