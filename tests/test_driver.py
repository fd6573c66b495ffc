"""A sweep of which every evaluation is known: concluded without Ray, recorded when MLflow is there, then just told."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeps.execution.storage import Home
from tests.end_to_end.sweep_process import record_faults
from tests.sweep_on_disk import RAW, begin, small_spec

SPEC = small_spec()

RUN = """
import sys
from sweeps.cli import app
try:
    app(["run", *sys.argv[1:], "--json"])
finally:
    print(*sorted(name for name in sys.modules if "." not in name))
"""

HEAVY = {"torch", "ray", "mlflow", "pytorch_lightning", "sklearn", "hyperopt", "matplotlib", "pandas", "scipy"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home for all tests of this module: each leaves the sweep in it finished and recorded."""
    return Home(tmp_path_factory.mktemp("a home") / "sweeps home")


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("a spec") / "spec.yaml"
    path.write_text(yaml.safe_dump(RAW), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def report(home: Home, spec: Path) -> dict[str, Any]:
    """What the first run printed of a sweep whose results were all there."""
    begin(home, SPEC)
    return run(spec, home)[0]


def run(spec: Path, home: Home) -> tuple[dict[str, Any], set[str]]:
    """Run a sweep in a process of its own; return what it printed and which packages it imported."""
    command = [sys.executable, "-c", RUN, str(spec), "--home", str(home.root)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    printed, modules = ran.stdout.splitlines()
    return json.loads(printed), set(modules.split())


def timeless(report: dict[str, Any]) -> dict[str, Any]:
    return {**report, "seconds": 0}


def test_a_sweep_whose_evaluations_are_all_known_is_concluded_and_recorded(report: dict[str, Any], home: Home) -> None:
    files = home.sweep(SPEC.sweep_id)
    assert (report["state"], report["computed"], report["restored"]) == ("finished", 0, 6)
    assert {figure.name for figure in files.figures.iterdir()} == {"sweep.png", "hyperparameters.png", "curves.png"}
    assert record_faults(home.root, trials=5) == []


def test_a_finished_and_recorded_sweep_is_told_from_its_files_alone(
    report: dict[str, Any], home: Home, spec: Path
) -> None:
    lease = home.sweep(SPEC.sweep_id).lease
    before = {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file() and path != lease}
    again, imported = run(spec, home)
    assert timeless(again) == timeless(report)
    assert not HEAVY & imported
    assert {path: path.read_bytes() for path in before} == before


def test_a_finished_sweep_whose_record_is_gone_is_recorded_again(
    report: dict[str, Any], home: Home, spec: Path
) -> None:
    home.record.unlink()
    again, imported = run(spec, home)
    assert timeless(again) == timeless(report)
    assert record_faults(home.root, trials=5) == []
    assert not {"mlflow", "ray"} & imported
