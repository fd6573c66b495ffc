"""`sweeps train` in processes of its own, killed and interrupted on the way."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors import safe_open

from sweeps.final_training import train_champion
from tests.best_on_disk import best_config, write_best_file
from tests.end_to_end.sweep_process import wait_until

pytestmark = pytest.mark.slow

BEST = best_config(epochs=150)
SECONDS = 120


def start(best: Path, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sweeps.cli", "train", str(best), "-o", str(folder), "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def epochs_kept(folder: Path) -> int:
    path = folder / ".training" / "checkpoint.safetensors"
    if not path.exists():
        return 0
    with safe_open(path, "pt") as checkpoint:
        return int(checkpoint.get_tensor("group.epochs"))


def stop(process: subprocess.Popen[str], folder: Path, *, after: int, by: signal.Signals) -> int:
    """Send a signal once so many epochs are kept, and return the exit code."""

    def far_enough() -> bool:
        assert process.poll() is None, process.communicate()
        return epochs_kept(folder) >= after

    wait_until(far_enough)
    os.kill(process.pid, by)
    process.communicate(timeout=SECONDS)
    return process.returncode


def test_a_training_that_is_killed_and_interrupted_ends_with_the_bits_of_one_left_alone(odd_path: Path) -> None:
    best, folder = write_best_file(odd_path / "best.yaml", BEST), odd_path / "model"
    assert stop(start(best, folder), folder, after=10, by=signal.SIGKILL) == -signal.SIGKILL
    killed_at = epochs_kept(folder)
    assert 10 <= killed_at < BEST.measured.epochs
    assert stop(start(best, folder), folder, after=killed_at + 10, by=signal.SIGINT) == 130
    interrupted_at = epochs_kept(folder)
    assert killed_at < interrupted_at < BEST.measured.epochs

    process = start(best, folder)
    output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    (line,) = output.splitlines()
    told = json.loads(line)
    assert (told["epochs"], told["restored_epochs"]) == (150, interrupted_at)

    alone = train_champion(BEST, odd_path / "alone", data=None, threads=1, watch=lambda epoch: None)
    assert told["weights_sha256"] == alone.config.weights_sha256
    names = {path.name for path in folder.iterdir()}
    assert names == {"model.safetensors", "config.json", "README.md", "samples.png"}
    for name in names:
        assert (folder / name).read_bytes() == (alone.folder / name).read_bytes()
