"""docker/compose.yaml as the real compose understands it."""

import importlib.util
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from tests.docker.running_role import DOCKER

__all__ = ["composed"]


@cache
def composed() -> dict[str, Any]:
    """Return the whole model, every profile included, with the values of .env.example."""
    package = importlib.util.find_spec("compose")
    assert package is not None and package.origin is not None
    command = [str(Path(package.origin).parent / "docker-compose")]
    command += ["--env-file", str(DOCKER / ".env.example"), "--file", str(DOCKER / "compose.yaml")]
    command += ["--profile", "*", "config", "--format", "json"]
    ran = subprocess.run(command, env={}, capture_output=True, text=True, check=True)
    model: dict[str, Any] = json.loads(ran.stdout)
    return model
