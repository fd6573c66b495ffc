"""Real sweeps in real processes, and what they leave behind."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import yaml

__all__ = [
    "SweepProcess",
    "descendants_of",
    "kill",
    "record_faults",
    "run_to_end",
    "small_spec",
    "wait_until",
    "write_spec",
]

DEADLINE_SECONDS = 150.0

Json = dict[str, Any]


def small_spec(**changes: Any) -> Json:
    """Return a spec of 17 trials and 22 evaluations that trains in seconds."""
    spec: Json = {
        "name": "small",
        "model": "beta_vae",
        "dataset": {"name": "digits", "limit": 600},
        "space": "beta_vae",
        "fixed": {"hidden": 64},
        "folds": 3,
        "hyperband": {"max_epochs": 9},
        "seed": 7,
    }
    return {**spec, **changes}


def write_spec(folder: Path, **changes: Any) -> Path:
    """Write a small spec and return its path."""
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(small_spec(**changes)), encoding="utf-8")
    return path


class SweepProcess:
    """`sweeps run SPEC --json`, in a process group of its own; a worker more is seconds of imports more."""

    def __init__(self, spec: Path, home: Path, *, workers: int = 1, environment: dict[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "sweeps.cli", "run", str(spec), "--home", str(home), "--workers", str(workers)]
        self.home = home
        self._process = subprocess.Popen(
            [*command, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | (environment or {}),
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The driver's process."""
        return self._process.pid

    def finish(self) -> Json:
        """Wait for the end and return what it printed, with its exit code."""
        try:
            output, errors = self._process.communicate(timeout=DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill_group()
            raise
        assert output, f"exit {self._process.returncode}: {errors[-3000:]}"
        return {**json.loads(output.splitlines()[-1]), "exit": self._process.returncode, "errors": errors}

    def signal(self, number: int) -> None:
        """Send a signal to the driver alone."""
        os.kill(self.pid, number)

    def kill_driver(self) -> None:
        """End the driver at once; its workers are left to notice."""
        self.signal(signal.SIGKILL)
        self._process.communicate(timeout=DEADLINE_SECONDS)

    def kill_group(self) -> None:
        """End the driver with every process it started."""
        started = [*self.descendants(), self.pid]
        for pid in started:
            kill(pid)
        self._process.communicate(timeout=DEADLINE_SECONDS)

    def workers(self) -> list[int]:
        """Return the processes that evaluate; Ray names them anew whenever they begin or end a step."""
        return [pid for pid in self.descendants() if "Trainable" in _command(pid)]

    def descendants(self) -> list[int]:
        """Return every process that the driver started, directly or not."""
        return descendants_of(self.pid)

    def wait_for_results(self, count: int) -> None:
        """Return when the home holds so many results; fail if the sweep ends before."""

        def enough() -> bool:
            assert self._process.poll() is None, self._process.communicate()
            return len(result_files(self.home)) >= count

        wait_until(enough)


def descendants_of(pid: int) -> list[int]:
    """Return every process that a process started, directly or not."""
    parents = {int(path.name): _parent(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    found, below = [], {pid}
    while below:
        below = {pid for pid, parent in parents.items() if parent in below}
        found += sorted(below)
    return found


def kill(pid: int) -> None:
    """End a process at once."""
    with suppress(ProcessLookupError):  # it may have ended by itself in the meantime
        os.kill(pid, signal.SIGKILL)


def run_to_end(spec: Path, home: Path, *, workers: int = 1, environment: dict[str, str] | None = None) -> Json:
    """Run a sweep and return what it printed."""
    return SweepProcess(spec, home, workers=workers, environment=environment).finish()


def evaluations(home: Path) -> list[Json]:
    """Return every evaluation as `sweeps show --json` lists it."""
    (sweep_id,) = [path.parent.name for path in home.glob("sweeps/*/spec.json")]
    command = [sys.executable, "-m", "sweeps.cli", "show", sweep_id, "--home", str(home), "--json"]
    shown: Json = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    listed: list[Json] = shown["evaluations"]
    return listed


def result_files(home: Path) -> dict[Path, bytes]:
    """Return every result file with its contents."""
    return {path: path.read_bytes() for path in home.glob("sweeps/*/evaluations/*/*.json")}


def record_faults(home: Path, trials: int) -> list[str]:
    """Return what is wrong with the record of a finished sweep, read from MLflow's own tables."""
    with closing(sqlite3.connect(home / "mlflow.db")) as store:
        runs = store.execute("select status from runs").fetchall()
        numbers = store.execute("select value from tags where key = 'sweep.trial'").fetchall()
        points = store.execute("select run_uuid, key, step from metrics").fetchall()
    faults = [f"{count} runs of trial {trial}" for (trial,), count in Counter(numbers).items() if count > 1]
    faults += [f"{len(numbers)} runs for {trials} trials"] if len(numbers) != trials else []
    faults += ["a run is still RUNNING" for (status,) in runs if status == "RUNNING"]
    faults += [f"{count} points of {point}" for point, count in Counter(points).items() if count > 1]
    return faults if points else [*faults, "there are no metrics at all"]


def wait_until(holds: Callable[[], bool]) -> None:
    """Return when a condition holds; fail at the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def _parent(process: Path) -> int:
    try:
        return int(process.joinpath("stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").partition("\0")[0]
    except OSError:
        return ""
