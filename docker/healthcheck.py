"""Tells whether this container's role works: ends with 0 if it does, and else with 1 and the reason.

Asks what others would ask over the network, with the secrets of the environment; needs nothing but Python.
"""

import base64
import http.client
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Question", "ask", "question"]

PATIENCE_SECONDS = 4


@dataclass(frozen=True)
class Question:
    """What must be answered with 200."""

    port: int
    path: str
    headers: dict[str, str] = field(default_factory=dict)


def question(role: str, environment: Mapping[str, str]) -> Question:
    """Return what to ask a role."""
    match role:
        case "mlflow":
            # Its /health says 200 even while it refuses everybody: ask its API, by the name that others use.
            port = int(environment.get("MLFLOW_PORT", "5000"))
            login = base64.b64encode(f"admin:{environment['MLFLOW_TRACKING_PASSWORD']}".encode()).decode()
            headers = {"Host": f"mlflow:{port}", "Authorization": f"Basic {login}"}
            return Question(port, "/api/2.0/mlflow/experiments/search?max_results=1", headers)
        case "ray-head":
            port = int(environment.get("RAY_DASHBOARD_PORT", "8265"))
            return Question(port, "/api/version", {"Authorization": f"Bearer {environment['RAY_AUTH_TOKEN']}"})
        case "ray-worker":
            return Question(int(environment.get("RAY_AGENT_PORT", "52365")), "/api/local_raylet_healthz")
        case "service":
            return Question(int(environment.get("SWEEPS_PORT", "8000")), "/healthz")
        case _:
            sys.exit(f"SWEEPS_ROLE must be mlflow, ray-head, ray-worker or service, but got {role!r}.")


def ask(host: str, asked: Question) -> str | None:
    """Return what is wrong with the answer of a host, or None."""
    connection = http.client.HTTPConnection(host, asked.port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", asked.path, headers=asked.headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{asked.path} must be answered on port {asked.port}, but {error}."
    finally:
        connection.close()
    return None if status == http.client.OK else f"{asked.path} must be answered with 200, but is with {status}."


if __name__ == "__main__":
    sys.exit(ask(os.environ.get("SWEEPS_HOST", "127.0.0.1"), question(os.environ.get("SWEEPS_ROLE", ""), os.environ)))
