"""The health check of the image asks each role what its users ask, and believes nothing but 200."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.docker.env_example import good_secrets
from tests.docker.running_role import DOCKER, free_port

PORTS = {
    "mlflow": "MLFLOW_PORT",
    "ray-head": "RAY_DASHBOARD_PORT",
    "ray-worker": "RAY_AGENT_PORT",
    "service": "SWEEPS_PORT",
}


@contextmanager
def answering(status: int) -> Iterator[str]:
    """Yield the port of a server that answers /health well and all else with a status."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802  # as http.server calls it
            self.send_response(200 if self.path == "/health" else status)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield str(server.server_port)
        finally:
            server.shutdown()
            thread.join()


def check(role: str, port: str) -> tuple[int, str]:
    """Return exit code and words of the health check of a role that is said to be at a port."""
    environment = os.environ | good_secrets() | {"SWEEPS_ROLE": role, PORTS.get(role, "PORT"): port}
    command = [sys.executable, DOCKER / "healthcheck.py"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stderr


@pytest.mark.parametrize("role", PORTS)
def test_a_role_that_answers_is_well(role: str) -> None:
    with answering(200) as port:
        assert check(role, port) == (0, "")


@pytest.mark.parametrize("role", PORTS)
def test_a_role_that_refuses_or_fails_is_not(role: str) -> None:
    for status in (401, 403, 500):
        with answering(status) as port:
            code, said = check(role, port)
            assert (code, said.endswith(f"must be answered with 200, but is with {status}.\n")) == (1, True)


@pytest.mark.parametrize("role", PORTS)
def test_a_role_that_does_not_answer_is_not(role: str) -> None:
    code, said = check(role, port := free_port())
    assert code == 1
    assert f"must be answered on port {port}, but [Errno 111] Connection refused." in said


def test_what_is_no_role_is_told() -> None:
    assert check("queen", "1") == (1, "SWEEPS_ROLE must be mlflow, ray-head, ray-worker or service, but got 'queen'.\n")
