"""What a sweep does when something breaks: workers, the record, the disk, the data, the storage; and who may run it."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from models.datasets import load_training
from models.metrics.features import feature_network
from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import Home
from tests.end_to_end.sweep_process import (
    SweepProcess,
    evaluations,
    record_faults,
    result_files,
    run_to_end,
    wait_until,
    write_spec,
)

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small sweep that has finished, with its spec."""
    folder = tmp_path_factory.mktemp("finished")
    assert run_to_end(write_spec(folder, hyperband={"max_epochs": 3}, folds=2), folder / "home")["state"] == "finished"
    return folder


def test_a_trial_whose_workers_die_three_times_fails_and_the_sweep_goes_on(tmp_path: Path) -> None:
    spec, home = write_spec(tmp_path, hyperband={"max_epochs": 3}, folds=2), tmp_path / "home"
    process = SweepProcess(spec, home)
    _kill_whoever_begins(process, home, "00001-0.log", times=3)
    report = process.finish()
    first = [e for e in evaluations(home) if e["trial"] == 1]
    assert [e["state"] for e in first] == ["failed"]
    assert "00001-0.log" in first[0]["reason"]
    assert report["state"] == "finished"
    assert report["evaluations"] == 6
    assert record_faults(home, trials=5) == []


def test_a_sweep_whose_trials_all_fail_ends_as_failed_with_the_first_cause(tmp_path: Path) -> None:
    spec, home = write_spec(tmp_path, hyperband={"max_epochs": 1}, folds=2), tmp_path / "home"
    process = SweepProcess(spec, home)
    _kill_whoever_begins(process, home, "00000-0.log", times=3)
    report = process.finish()
    assert (report["state"], report["exit"], report["champion"]) == ("failed", 1, None)
    assert report["why"].startswith("trial 0: 3 workers died")
    assert record_faults(home, trials=1) == []


def test_a_sweep_whose_workers_do_not_come_up_ends_with_what_to_do(tmp_path: Path) -> None:
    """They are killed while the first of them trains the feature network of a dataset that none ships for."""
    dataset, hyperband = {"name": "affine-digits"}, {"max_epochs": 1}
    spec, home = write_spec(tmp_path, dataset=dataset, hyperband=hyperband, folds=2, fixed={}), tmp_path / "home"
    process = SweepProcess(spec, home)
    _kill_whoever_begins(process, home, "workers.log", times=3)
    report = process.finish()
    assert (report["state"], report["evaluations"]) == ("interrupted", 0)
    assert report["why"].startswith("workers must come up, but 3 in a row ended")
    assert str(next(home.glob("sweeps/*/logs/workers.log"))) in report["why"]


def test_a_damaged_feature_network_is_told_by_its_path_and_nothing_is_computed(tmp_path: Path) -> None:
    dataset, hyperband = {"name": "affine-digits"}, {"max_epochs": 1}
    spec, home = write_spec(tmp_path, dataset=dataset, hyperband=hyperband, folds=2, fixed={}), tmp_path / "home"
    known = feature_network(load_training("affine-digits"), home / "features")
    (path,) = (home / "features").glob("*.safetensors")
    path.write_bytes(b"")
    report = run_to_end(spec, home)
    assert (report["state"], report["evaluations"]) == ("interrupted", 0)
    assert f"{path} must have a SHA-256 that begins {known.version}" in report["why"]


def test_a_diverged_trial_ranks_last_and_is_recorded_with_its_reason(finished: Path, tmp_path: Path) -> None:
    """The first trial's file is replaced, before the sweep, by what a worker writes when a fold becomes non-finite."""
    spec, home = _copied(finished, tmp_path)
    known = EvaluationResult.from_json(next(iter(result_files(home).values())).decode())
    shutil.rmtree(home)
    reason = "loss/L became non-finite in epoch 1 of fold 0"
    diverged = replace(known, state="diverged", reason=reason, folds=[], scores={}, curves={}, epoch_times=[])
    Home(home).sweep(known.sweep_id).write_result(diverged)
    report = run_to_end(spec, home)
    assert (report["state"], report["restored"]) == ("finished", 1)
    assert [e["state"] for e in evaluations(home) if e["trial"] == 0] == ["diverged"]
    assert record_faults(home, trials=5) == []
    with closing(sqlite3.connect(home / "mlflow.db")) as store:
        recorded = store.execute(
            "select runs.status from runs join tags using (run_uuid) where tags.value = ?", [reason]
        ).fetchall()
    assert set(recorded) == {("FAILED",)}


def test_a_second_driver_is_told_who_holds_the_sweep(tmp_path: Path) -> None:
    spec, home = write_spec(tmp_path), tmp_path / "home"
    first = SweepProcess(spec, home)
    try:
        wait_until(lambda: any(path.stat().st_size > 0 for path in home.glob("sweeps/*/lease.json")))
        second = run_to_end(spec, home)
        assert second["exit"] == 2
        assert f"process {first.pid} on {socket.gethostname()} since 20" in second["error"]
    finally:
        first.kill_group()


def test_the_record_catches_up_when_mlflow_is_back(tmp_path: Path) -> None:
    spec, home, port = write_spec(tmp_path, hyperband={"max_epochs": 3}, folds=2), tmp_path / "home", _free_port()
    settings = {"SWEEPS_TRACKING_URI": f"http://127.0.0.1:{port}", "SWEEPS_RECORD_PATIENCE": "2"}
    away = run_to_end(spec, home, environment=settings)
    assert away["state"] == "finished"
    assert str(port) in away["record_trouble"]
    with _mlflow_server(tmp_path / "mlflow.db", port, tmp_path):
        back = run_to_end(spec, home, environment=settings)
    assert (back["computed"], back["record_trouble"]) == (0, "")
    assert back["champion"] == away["champion"]
    assert record_faults(tmp_path, trials=5) == []


def test_a_full_disk_keeps_what_is_computed_and_the_sweep_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """On a real tiny disk, in a mount namespace of its own."""
    spec, home = write_spec(tmp_path), tmp_path / "home"
    home.mkdir()
    run = f"{sys.executable} -m sweeps.cli run {spec} --home {home} --workers 1 --json"
    script = (
        f"mount -t tmpfs -o size=2m tmpfs {home} && {run}; echo full $?; ls {home}/sweeps/*/evaluations/* | wc -l; "
        f"mount -o remount,size=200m {home} && {run}; echo room $?"
    )
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script]
    answer = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | {"SWEEPS_RECORD_PATIENCE": "2"},
    )
    lines = answer.stdout.splitlines()
    assert "full 130" in lines, answer
    full, room = (json.loads(line) for line in lines if line.startswith("{"))
    assert full["state"] == "interrupted"
    assert "No space left on device" in full["why"]
    assert "run the sweep again" in full["why"]
    assert (room["state"], room["restored"], room["record_trouble"]) == ("finished", full["evaluations"], "")
    assert room["computed"] == 22 - full["evaluations"]


@pytest.mark.parametrize("damage", ["truncated", "edited", "foreign"])
def test_a_damaged_result_is_refused_with_its_path_and_left_alone(damage: str, finished: Path, tmp_path: Path) -> None:
    spec, home = _copied(finished, tmp_path)
    path, *_ = result_files(home)
    text = path.read_text(encoding="utf-8")
    changed = {"truncated": text[: len(text) // 2], "edited": text.replace("scored", "failed"), "foreign": "{}"}[damage]
    path.write_text(changed, encoding="utf-8")
    refused = run_to_end(spec, home)
    assert refused["exit"] == 2
    assert str(path) in refused["error"]
    assert path.read_text(encoding="utf-8") == changed


def test_missing_data_is_told_before_anything_is_computed(tmp_path: Path) -> None:
    dataset = {"name": "mnist", "limit": 100}
    spec = write_spec(tmp_path, dataset=dataset, folds=2, fixed={})
    data = tmp_path / "data" / "mnist"
    data.mkdir(parents=True)
    (data / "train-images-idx3-ubyte").write_bytes(b"not an IDX file")
    refused = run_to_end(spec, tmp_path / "home", environment={"SWEEPS_DATA": str(tmp_path / "data")})
    assert refused["exit"] == 2
    assert str(data / "train-images-idx3-ubyte") in refused["error"]
    assert result_files(tmp_path / "home") == {}


def _copied(finished: Path, folder: Path) -> tuple[Path, Path]:
    """Copy a sweep, so that a test may damage it; return its spec and home."""
    shutil.copytree(finished, folder, dirs_exist_ok=True)
    return folder / "spec.yaml", folder / "home"


def _kill_whoever_begins(process: SweepProcess, home: Path, log: str, *, times: int) -> None:
    """Kill the worker that begins an evaluation, as its log names it, as often as is asked."""
    killed: set[int] = set()

    def begun() -> set[int]:
        words = [path.read_text(encoding="utf-8").split() for path in home.glob(f"sweeps/*/logs/{log}")]
        return {int(after) for line in words for word, after in pairwise(line) if word == "process"}

    while len(killed) < times:
        wait_until(lambda: bool(begun() - killed))
        for pid in begun() - killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)


@contextmanager
def _mlflow_server(store: Path, port: int, folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{store}", "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--artifacts-destination", str(folder / "artifacts")]
    settings = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "mlflow.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | settings, start_new_session=True)
    try:
        wait_until(lambda: _answers(port))
        yield
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
