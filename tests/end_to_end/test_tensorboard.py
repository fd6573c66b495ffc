"""`sweeps dashboard --tensorboard`: TensorBoard itself, on this machine alone, for as long as the command runs."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from sweeps.execution.storage import Home
from tests.end_to_end.sweep_process import wait_until
from tests.sweep_on_disk import finish, small_spec

SECONDS = 60


def ask(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=SECONDS) as answer:
        return json.load(answer)


def test_the_command_opens_tensorboard_on_a_sweep_and_ends_it(home: Home) -> None:
    files = finish(home, small_spec())
    command = [sys.executable, "-m", "sweeps.cli", "dashboard", "small", "--home", str(home.root)]
    process = subprocess.Popen(
        [*command, "--tensorboard", "--no-browser", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["sweep_id"] == files.sweep_id
        address, _, fragment = told["url"].partition("/#")
        assert (address.rpartition(":")[0], fragment) == ("http://127.0.0.1", "timeseries")
        wait_until(lambda: len(ask(f"{address}/data/runs")) == 5)
        points = ask(f"{address}/data/plugin/scalars/scalars?run=trial-000&tag=loss%2FL")
        assert [step for _, step, _ in points] == [1, 2, 3]
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert not Path(f"/proc/{told['pid']}").exists()
