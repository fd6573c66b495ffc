"""Every role of docker/ for real, without containers: by its entry point, with the others, asked as users ask it.

One test, since a run of several processes would start the roles once for each that has a test of them.
"""

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
WRONG = "x" * 40
EXPERIMENTS = "/api/2.0/mlflow/experiments/search?max_results=1"


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.timeout(600)
def test_every_role_starts_works_with_the_others_and_refuses_strangers() -> None:
    if postgres_programs() is None:
        message = "the test of the roles in docker/ needs PostgreSQL: apt-get install postgresql"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with postgres() as database, mlflow(database) as record:
        mlflow_answers_those_with_its_password_who_call_it_by_a_name_it_knows(record)
        the_database_is_mlflows_by_password_and_nobody_elses(database)
        with ray_head() as head:
            rays_jobs_are_for_those_with_its_token(head)
            workers_join_with_the_token(head)
            the_service_works_with_both_and_tells_its_log_no_token(record, head)
            said = "".join(role.said() for role in (database, record, head))
            assert not [secret for secret in SECRETS.values() if secret in said]
    assert (database.process.returncode, record.process.returncode) == (0, 0)


@contextmanager
def postgres() -> Iterator[RunningRole]:
    """MLflow's database, run by somebody else if need be: PostgreSQL refuses to be root's."""
    user = "postgres" if os.getuid() == 0 else None
    with work_folder(user) as folder:
        where = {"HOME": str(folder), "PGDATA": f"{folder}/data", "PGHOST": str(folder), "PGPORT": free_port()}
        with start("postgres", where | {"POSTGRES_PASSWORD": SECRETS["POSTGRES_PASSWORD"]}, user=user) as role:
            yield role


@contextmanager
def mlflow(database: RunningRole) -> Iterator[RunningRole]:
    with work_folder() as folder:
        where = {"HOME": str(folder), "MLFLOW_ARTIFACTS_DESTINATION": f"{folder}/artifacts", "MLFLOW_PORT": free_port()}
        over = {"PGHOST": "127.0.0.1", "PGPORT": database.environment["PGPORT"]}
        with start("mlflow", where | over | SECRETS) as role:
            yield role


@contextmanager
def ray_head() -> Iterator[RunningRole]:
    with work_folder() as folder:
        names = ("RAY_PORT", "RAY_DASHBOARD_PORT", "RAY_AGENT_PORT", "RAY_CLIENT_PORT")
        ports = {name: free_port() for name in names}
        with start("ray-head", {"HOME": str(folder), "RAY_TMPDIR": str(folder)} | ports | SECRETS) as role:
            yield role


def mlflow_answers_those_with_its_password_who_call_it_by_a_name_it_knows(record: RunningRole) -> None:
    port = record.environment["MLFLOW_PORT"]
    right = basic(SECRETS["MLFLOW_TRACKING_PASSWORD"])
    for name in (f"mlflow:{port}", f"localhost:{port}"):
        assert ask(port, EXPERIMENTS, Host=name)[0] == 401
        assert ask(port, EXPERIMENTS, Host=name, Authorization=basic(WRONG))[0] == 401
        status, found = ask(port, EXPERIMENTS, Host=name, Authorization=right)
        assert (status, json.loads(found)["experiments"][0]["artifact_location"]) == (200, "mlflow-artifacts:/0")
    for name in ("elsewhere:5000", f"127.0.0.1:{port}"):
        assert ask(port, EXPERIMENTS, Host=name, Authorization=right)[0] == 403
        assert ask(port, "/health", Host=name)[0] == 200  # which is why nobody should ask it
    assert "but is with 401" in str(record.trouble(MLFLOW_TRACKING_PASSWORD=WRONG))
    assert record.trouble() is None


def the_database_is_mlflows_by_password_and_nobody_elses(database: RunningRole) -> None:
    def query(user: str, name: str, password: str = SECRETS["POSTGRES_PASSWORD"]) -> str:
        command = ["psql", "-h", "127.0.0.1", "-U", user, "-d", name, "-Atc", "SELECT count(*) FROM alembic_version"]
        environment = database.environment | {"PGPASSWORD": password}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return ran.stdout + ran.stderr

    assert query("mlflow", "mlflow") == "1\n"
    assert "password authentication failed" in query("mlflow", "mlflow", WRONG)
    assert "no pg_hba.conf entry" in query("postgres", "mlflow")
    assert "no pg_hba.conf entry" in query("mlflow", "postgres")


def rays_jobs_are_for_those_with_its_token(head: RunningRole) -> None:
    port = head.environment["RAY_DASHBOARD_PORT"]
    assert ask(port, "/api/jobs/")[0] == 401
    assert ask(port, "/api/jobs/", Authorization=f"Bearer {WRONG}")[0] == 403
    assert ask(port, "/api/jobs/", Authorization=f"Bearer {SECRETS['RAY_AUTH_TOKEN']}") == (200, "[]")
    assert "but is with 403" in str(head.trouble(RAY_AUTH_TOKEN=WRONG))
    assert head.trouble() is None


def workers_join_with_the_token(head: RunningRole) -> None:
    token = SECRETS["RAY_AUTH_TOKEN"]
    with work_folder() as folder:
        where = {"HOME": str(folder), "RAY_TMPDIR": str(folder), "RAY_AGENT_PORT": free_port()}
        whose = {"RAY_HEAD": f"127.0.0.1:{head.environment['RAY_PORT']}", "RAY_AUTH_TOKEN": token}
        with start("ray-worker", where | whose | {"RAY_WORKER_CPUS": "3"}) as worker:
            told = ask(
                head.environment["RAY_DASHBOARD_PORT"], "/api/v0/nodes?detail=1", Authorization=f"Bearer {token}"
            )
            nodes = json.loads(told[1])["data"]["result"]["result"]
            cpus = {node["is_head_node"]: node["resources_total"].get("CPU", 0) for node in nodes}
            assert cpus == {True: 0, False: 3}
            assert token not in worker.said()


def the_service_works_with_both_and_tells_its_log_no_token(record: RunningRole, head: RunningRole) -> None:
    with work_folder() as folder:
        where = {"HOME": str(folder), "SWEEPS_HOME": f"{folder}/home", "SWEEPS_HOST": "127.0.0.2"}
        others = {
            "SWEEPS_PORT": (port := free_port()),
            "SWEEPS_TRACKING_URI": f"http://localhost:{record.environment['MLFLOW_PORT']}",
            "SWEEPS_EXECUTOR": "ray",
            "SWEEPS_RAY_ADDRESS": f"http://127.0.0.1:{head.environment['RAY_DASHBOARD_PORT']}",
        }
        with start("service", where | others | SECRETS) as service:
            command = ["sweeps", "token", "create", "test", "--role", "admin", "--json"]
            made = subprocess.run(command, env=service.environment, capture_output=True, text=True, check=True)
            bearer = f"Bearer {json.loads(made.stdout)['text']}"
            status, told = ask(port, "/readyz", at="127.0.0.2", Authorization=bearer)
            assert status == 200, told
            assert json.loads(told)["checks"] == {"mlflow": "ok", "storage": "ok", "executor": "ok"}
            assert ask(port, "/readyz", at="127.0.0.2")[0] == 401
            with pytest.raises(urllib.error.URLError, match="refused"):
                ask(port, "/healthz")
        assert service.process.returncode == 0
        warning, ended = service.said().splitlines()
        assert warning.startswith("The API is on 127.0.0.2 in plain HTTP") and ended.startswith(
            "The service has ended."
        )


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
    """Return what proves a password of MLflow's user."""
    return "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()
