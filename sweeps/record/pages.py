"""MLflow's own pages on this machine: started on loopback, opened at the sweep's view, ended with the command."""

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from sweeps.errors import SweepError
from sweeps.execution.storage import Home
from sweeps.record.dashboard import dashboard_url
from sweeps.record.local_server import LocalServer, Pages, loopback, serve

__all__ = ["SERVER_ENVIRONMENT", "serve_pages"]

SERVER_ENVIRONMENT = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
"""Of MLflow's server: without its job execution it takes a fifth of the memory."""


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
    address = loopback(port)
    store = tracking_uri or f"sqlite:///{home.record}"
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store, "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    log = home.root / "dashboard.log"
    with serve(LocalServer("MLflow", tuple(command), address, "health", log, SERVER_ENVIRONMENT)) as process:
        yield Pages(dashboard_url(address, _experiment_id(address, sweep_id)), process.pid, process)


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
