"""The entry points of docker/ refuse to start without secrets of their own, before they start anything."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.docker.composed import composed
from tests.docker.env_example import PLACEHOLDER, SECRETS, good_secrets
from tests.docker.running_role import DOCKER

ROLES = {"postgres": "postgres"} | {role: role for role in ("mlflow", "ray-head", "ray-worker", "service")}

PAIRS = [
    (role, secret) for role in ROLES for secret in SECRETS if secret in composed()["services"][role]["environment"]
]

NOT_FOUND = 127
"""How the shell ends if there is no program of a name: the entry points come that far with good secrets."""


def run(role: str, folder: Path, secrets: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run an entry point where there is none of the programs that it would become."""
    environment = {"PATH": "/usr/bin:/bin", "PGDATA": str(folder), "PGHOST": str(folder)} | secrets
    command = [DOCKER / "entrypoints" / f"{role}.sh"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_every_placeholder_is_refused_by_some_role() -> None:
    assert {secret for _, secret in PAIRS} == set(SECRETS)
    assert len(PAIRS) == 9


@pytest.mark.parametrize(("role", "secret"), PAIRS)
def test_a_role_names_the_secret_that_is_missing_or_no_secret(role: str, secret: str, tmp_path: Path) -> None:
    wrong = {
        None: "is not set",
        "": "is not set",
        PLACEHOLDER: "is still the placeholder",
        f"{PLACEHOLDER}-{'x' * 40}": "is still the placeholder",
        "x" * 31: "has 31",
        "x" * 40 + "'; DROP ROLE mlflow; --": "has other characters",
    }
    for value, why in wrong.items():
        secrets = good_secrets() | {secret: value or ""}
        if value is None:
            del secrets[secret]
        ran = run(role, tmp_path, secrets)
        assert (ran.returncode, ran.stdout) == (2, "")
        rule = f"{secret} must be a secret of at least 32 letters, digits, - or _, but it {why}."
        assert ran.stderr == f"{rule} Make one with 'openssl rand -hex 32' and write it into docker/.env.\n"
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_with_secrets_of_its_own_starts(role: str, tmp_path: Path) -> None:
    ran = run(role, tmp_path, good_secrets())
    assert ran.returncode == NOT_FOUND, ran
    assert not [secret for secret in good_secrets().values() if secret in ran.stderr]


@pytest.mark.parametrize("name", ["", "postgres", "../../bin/sh"])
def test_the_image_becomes_no_role_that_it_has_not(name: str, tmp_path: Path) -> None:
    ran = run("role", tmp_path, {"SWEEPS_ROLE": name})
    rule = "SWEEPS_ROLE must be mlflow, ray-head, ray-worker or service"
    assert (ran.returncode, ran.stderr) == (2, f"{rule}, but got '{name}'.\n")


def test_the_image_becomes_the_role_that_it_is_told(tmp_path: Path) -> None:
    ran = run("role", tmp_path, {"SWEEPS_ROLE": "ray-worker"})
    assert ran.stderr.startswith("RAY_AUTH_TOKEN must be a secret")


@pytest.mark.parametrize("script", sorted(DOCKER.rglob("*.sh")), ids=lambda path: path.name)
def test_scripts_can_be_called_but_for_the_one_that_is_read(script: Path) -> None:
    assert os.access(script, os.X_OK) == (script.name != "secrets.sh")
