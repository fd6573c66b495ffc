"""The systems that are compared: how each is started on a sweep of a given size, by name.

All get the same two workers of one thread each, an empty folder, and an environment without settings of the user's.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from sweeps.search.ladder import build_ladder

__all__ = ["HOME", "System", "command", "environment"]

System = Literal["sweeps", "sweeps, unrecorded", "Ray Tune", "Optuna"]

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "digits-beta-vae.yaml"
ETA = 3
WORKERS = 2
HOME = "home"
"""Folder of our sweep below the folder of the run."""

OTHERS_SETTINGS = ("SWEEPS_", "RAY_", "TUNE_", "MLFLOW_", "OPTUNA_")


def command(system: System, max_epochs: int, folder: Path) -> list[str]:
    """Return the command that runs a whole sweep in an empty folder; side effect: writes our spec there."""
    rival = {"Ray Tune": "ray_tune", "Optuna": "optuna_study"}.get(system)
    if rival is not None:
        trials = build_ladder(max_epochs, ETA).trials
        sizes = ["--trials", str(trials), "--epochs", str(max_epochs)]
        return [sys.executable, "-m", f"benchmarks.rivals.{rival}", str(folder), *sizes]
    program = {
        "sweeps": [str(Path(sys.executable).with_name("sweeps")), "run"],
        "sweeps, unrecorded": [sys.executable, "-m", "benchmarks.unrecorded"],
    }[system]
    spec = folder / "spec.yaml"
    spec.write_text(yaml.safe_dump(_spec(max_epochs)), encoding="utf-8")
    return [*program, str(spec), "--home", str(folder / HOME), "--workers", str(WORKERS), "--json"]


def environment() -> Mapping[str, str]:
    """Return the environment of a run: one thread, a Ray token of its own, nobody's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS_SETTINGS)}
    return kept | {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def _spec(max_epochs: int) -> dict[str, Any]:
    example: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    return example | {"hyperband": {"max_epochs": max_epochs, "eta": ETA}}
