"""The health check of the image asks each role what its users ask, and believes nothing but 200."""

import base64
import http.server
import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.docker.env_example import good_secrets
from tests.docker.running_role import DOCKER, free_port

SCRIPT = DOCKER / "healthcheck.py"

PORTS = {
    "mlflow": ("MLFLOW_PORT", 5000),
    "ray-head": ("RAY_DASHBOARD_PORT", 8265),
    "ray-worker": ("RAY_AGENT_PORT", 52365),
    "service": ("SWEEPS_PORT", 8000),
}

checks = runpy.run_path(str(SCRIPT))


@contextmanager
def answering(status: int) -> Iterator[str]:
    """Yield the port of a server that answers /health well and all else with a status."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
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


def check(role: str, port: str) -> str | None:
    """Return what is wrong with a role that is said to be at a port."""
    said: str | None = checks["ask"]("127.0.0.1", checks["question"](role, good_secrets() | {PORTS[role][0]: port}))
    return said


@pytest.mark.parametrize("role", PORTS)
def test_a_role_is_well_if_it_answers_and_only_then(role: str) -> None:
    with answering(200) as port:
        assert check(role, port) is None
    for status in (401, 403, 500):
        with answering(status) as port:
            assert str(check(role, port)).endswith(f" must be answered with 200, but is with {status}.")
    port = free_port()
    assert str(check(role, port)).endswith(f" must be answered on port {port}, but [Errno 111] Connection refused.")


@pytest.mark.parametrize("role", PORTS)
def test_a_role_is_asked_where_it_listens_unless_told_otherwise(role: str) -> None:
    assert checks["question"](role, good_secrets()).port == PORTS[role][1]


def test_mlflow_is_asked_by_the_name_and_with_the_password_that_others_use() -> None:
    headers = checks["question"]("mlflow", good_secrets()).headers
    login = base64.b64encode(f"admin:{good_secrets()['MLFLOW_TRACKING_PASSWORD']}".encode()).decode()
    assert headers == {"Host": "mlflow:5000", "Authorization": f"Basic {login}"}


@pytest.mark.parametrize(("status", "code"), [(200, 0), (403, 1)])
def test_a_container_engine_is_told_by_the_exit_code(status: int, code: int) -> None:
    with answering(status) as port:
        environment = os.environ | {"SWEEPS_ROLE": "service", "SWEEPS_PORT": port}
        ran = subprocess.run([sys.executable, SCRIPT], env=environment, capture_output=True, check=False)
    assert ran.returncode == code


def test_what_is_no_role_is_told() -> None:
    with pytest.raises(
        SystemExit, match="SWEEPS_ROLE must be mlflow, ray-head, ray-worker or service, but got 'queen'"
    ):
        checks["question"]("queen", {})
