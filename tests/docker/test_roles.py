"""Every role of docker/ for real, without containers: by its entry point, against the others, asked as users ask it."""

import base64
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.docker.env_example import good_secrets
from tests.docker.running_role import RunningRole, free_port, postgres_programs, start, work_folder

SECRETS = good_secrets()

EXPERIMENTS = "/api/2.0/mlflow/experiments/search?max_results=1"


@pytest.fixture(scope="session")
def postgres() -> Iterator[RunningRole]:
    """MLflow's database, by whomever it may be run: PostgreSQL refuses to be root's."""
    if postgres_programs() is None:
        message = "the tests of docker/ need PostgreSQL: apt-get install postgresql"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with postgres_in(user="postgres" if os.getuid() == 0 else None) as role:
        yield role


@contextmanager
def postgres_in(user: str | None) -> Iterator[RunningRole]:
    with work_folder(user) as folder:
        where = {"HOME": str(folder), "PGDATA": f"{folder}/data", "PGHOST": str(folder), "PGPORT": free_port()}
        with start("postgres", where | {"POSTGRES_PASSWORD": SECRETS["POSTGRES_PASSWORD"]}, user=user) as role:
            yield role


@pytest.fixture(scope="session")
def mlflow(postgres: RunningRole) -> Iterator[RunningRole]:
    """MLflow over PostgreSQL."""
    with work_folder() as folder:
        where = {"HOME": str(folder), "MLFLOW_ARTIFACTS_DESTINATION": f"{folder}/artifacts", "MLFLOW_PORT": free_port()}
        database = {"PGHOST": "127.0.0.1", "PGPORT": postgres.environment["PGPORT"]}
        with start("mlflow", where | database | SECRETS) as role:
            yield role


@pytest.fixture(scope="session")
def ray_head() -> Iterator[RunningRole]:
    """Ray's head, with a token."""
    with work_folder() as folder:
        ports = {name: free_port() for name in ("RAY_PORT", "RAY_DASHBOARD_PORT", "RAY_AGENT_PORT", "RAY_CLIENT_PORT")}
        with start("ray-head", {"HOME": str(folder), "RAY_TMPDIR": str(folder)} | ports | SECRETS) as role:
            yield role


def ask(port: str, path: str, *, at: str = "127.0.0.1", **headers: str) -> tuple[int, str]:
    """Return status and text of an answer."""
    request = urllib.request.Request(f"http://{at}:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()


@pytest.mark.slow
def test_mlflow_answers_those_with_its_password_who_call_it_by_a_name_it_knows(mlflow: RunningRole) -> None:
    port = mlflow.environment["MLFLOW_PORT"]
    right = basic(SECRETS["MLFLOW_TRACKING_PASSWORD"])
    for name in (f"mlflow:{port}", f"localhost:{port}"):
        assert ask(port, EXPERIMENTS, Host=name)[0] == 401
        assert ask(port, EXPERIMENTS, Host=name, Authorization=basic("x" * 40))[0] == 401
        status, found = ask(port, EXPERIMENTS, Host=name, Authorization=right)
        assert (status, json.loads(found)["experiments"][0]["artifact_location"]) == (200, "mlflow-artifacts:/0")
    for name in ("elsewhere:5000", f"127.0.0.1:{port}"):
        assert ask(port, EXPERIMENTS, Host=name, Authorization=right)[0] == 403
        assert ask(port, "/health", Host=name)[0] == 200  # which is why nobody should ask it

    assert mlflow.trouble() is None
    assert "but is with 401" in str(mlflow.trouble(MLFLOW_TRACKING_PASSWORD="x" * 40))
    assert not [secret for secret in SECRETS.values() if secret in mlflow.said()]


@pytest.mark.slow
def test_the_database_is_mlflows_by_password_and_nobody_elses(postgres: RunningRole, mlflow: RunningRole) -> None:
    def query(user: str, database: str, password: str = SECRETS["POSTGRES_PASSWORD"]) -> str:
        command = [
            "psql",
            "-h",
            "127.0.0.1",
            "-U",
            user,
            "-d",
            database,
            "-Atc",
            "SELECT count(*) FROM alembic_version",
        ]
        environment = postgres.environment | {"PGPASSWORD": password}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return ran.stdout + ran.stderr

    assert query("mlflow", "mlflow") == "1\n"
    assert "password authentication failed" in query("mlflow", "mlflow", "x" * 40)
    assert "no pg_hba.conf entry" in query("postgres", "mlflow")
    assert "no pg_hba.conf entry" in query("mlflow", "postgres")
    assert not [secret for secret in SECRETS.values() if secret in postgres.said()]


@pytest.mark.slow
@pytest.mark.ray
def test_rays_jobs_are_for_those_with_its_token_and_workers_join_with_it(ray_head: RunningRole) -> None:
    port, token = ray_head.environment["RAY_DASHBOARD_PORT"], SECRETS["RAY_AUTH_TOKEN"]
    assert ask(port, "/api/jobs/")[0] == 401
    assert ask(port, "/api/jobs/", Authorization=f"Bearer {'x' * 40}")[0] == 403
    assert ask(port, "/api/jobs/", Authorization=f"Bearer {token}") == (200, "[]")
    assert ray_head.trouble() is None
    assert "but is with 403" in str(ray_head.trouble(RAY_AUTH_TOKEN="x" * 40))

    with work_folder() as folder:
        where = {"HOME": str(folder), "RAY_HEAD": f"127.0.0.1:{ray_head.environment['RAY_PORT']}"}
        size = {"RAY_WORKER_CPUS": "3", "RAY_AGENT_PORT": free_port(), "RAY_AUTH_TOKEN": token}
        with start("ray-worker", where | size) as worker:
            nodes = json.loads(ask(port, "/api/v0/nodes?detail=1", Authorization=f"Bearer {token}")[1])
            found = nodes["data"]["result"]["result"]
            cpus = {node["is_head_node"]: node["resources_total"].get("CPU", 0) for node in found}
            assert cpus == {True: 0, False: 3}
            assert token not in worker.said() + ray_head.said()


@pytest.mark.slow
@pytest.mark.ray
def test_the_service_works_with_both_and_tells_its_log_no_token(mlflow: RunningRole, ray_head: RunningRole) -> None:
    with work_folder() as folder:
        where = {"HOME": str(folder), "SWEEPS_HOME": f"{folder}/home", "SWEEPS_PORT": free_port()}
        others = {
            "SWEEPS_TRACKING_URI": f"http://localhost:{mlflow.environment['MLFLOW_PORT']}",
            "SWEEPS_EXECUTOR": "ray",
            "SWEEPS_RAY_ADDRESS": f"http://127.0.0.1:{ray_head.environment['RAY_DASHBOARD_PORT']}",
        }
        with start("service", where | others | SECRETS | {"SWEEPS_BIND": "127.0.0.2"}) as service:
            command = ["sweeps", "token", "create", "test", "--role", "admin", "--json"]
            made = subprocess.run(command, env=service.environment, capture_output=True, text=True, check=True)
            bearer = f"Bearer {json.loads(made.stdout)['text']}"
            status, text = ask(where["SWEEPS_PORT"], "/readyz", at="127.0.0.2", Authorization=bearer)
            assert (status, json.loads(text).get("checks")) == (
                200,
                {"mlflow": "ok", "storage": "ok", "executor": "ok"},
            )
            assert ask(where["SWEEPS_PORT"], "/readyz", at="127.0.0.2")[0] == 401
            with pytest.raises(urllib.error.URLError, match="refused"):
                ask(where["SWEEPS_PORT"], "/healthz")
        assert service.process.returncode == 0
        warning, ended = service.said().splitlines()
        assert warning.startswith("The API is on 127.0.0.2 in plain HTTP") and ended.startswith(
            "The service has ended."
        )
