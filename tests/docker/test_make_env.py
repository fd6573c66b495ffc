"""docker/make-env.sh writes settings with which every role starts."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docker.env_example import EXAMPLE, PLACEHOLDER, SECRETS
from tests.docker.running_role import DOCKER


@pytest.fixture
def folder(odd_path: Path) -> Path:
    """A copy of the script and the example."""
    for name in ("make-env.sh", ".env.example"):
        shutil.copy(DOCKER / name, odd_path)
    return odd_path


def make_env(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([folder / "make-env.sh"], capture_output=True, text=True, check=False)


def test_each_placeholder_becomes_a_secret_and_all_else_stays(folder: Path) -> None:
    assert make_env(folder).returncode == 0
    made = (folder / ".env").read_text()
    values = dict(line.split("=", 1) for line in made.splitlines() if line and not line.startswith("#"))
    secrets = [values[name] for name in SECRETS]
    assert all(len(bytes.fromhex(secret)) == 32 for secret in secrets)
    assert len(set(secrets)) == len(SECRETS)
    assert {name: values[name] for name in EXAMPLE if name not in SECRETS} == {
        name: value for name, value in EXAMPLE.items() if value != PLACEHOLDER
    }
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600


def test_settings_that_are_there_are_never_written_over(folder: Path) -> None:
    (folder / ".env").write_text("mine")
    assert make_env(folder).returncode != 0
    assert (folder / ".env").read_text() == "mine"
