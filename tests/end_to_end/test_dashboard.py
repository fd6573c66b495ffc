"""`sweeps dashboard` as a process: a link on loopback to MLflow's pages, which end with the command."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sweeps.execution.storage import Home
from sweeps.record.dashboard import VIEW_TAG
from sweeps.record.recorder import Recorder, SweepFacts
from tests.end_to_end.sweep_process import DEADLINE_SECONDS, wait_until
from tests.sweep_on_disk import begin, finish, small_spec

SPEC = small_spec()

COMMAND = [sys.executable, "-m", "sweeps.cli", "dashboard", "--no-browser"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one finished sweep in files and record, without a moment of training."""
    home = Home(tmp_path_factory.mktemp("a home"))
    files = finish(home, SPEC)
    facts = SweepFacts(
        experiment=SPEC.sweep_id,
        name=SPEC.name,
        spec=SPEC.model_dump(mode="json"),
        plan={},
        objective=SPEC.objective,
        searched=SPEC.search_space().names,
    )
    recorder = Recorder(f"sqlite:///{home.record}", home.artifacts, facts)
    recorder.open()
    for result in files.results():
        recorder.record(result, None)
    recorder.finish(status="FINISHED", metrics={}, artifacts=[])
    return home


@contextmanager
def dashboard(home: Home, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command; whatever the test finds, nothing of it is left afterwards."""
    process = subprocess.Popen([*COMMAND, "--home", str(home.root), *words], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE_SECONDS)


def fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return str(answer.read().decode())


def asked(address: str, **query: str) -> Any:
    """Return the sweep's experiment as the server at an address describes it."""
    words = "&".join(f"{name}={value}" for name, value in query.items())
    return json.loads(fetched(f"{address}/api/2.0/mlflow/experiments/get?{words}"))["experiment"]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
def test_the_link_opens_the_sweep_and_ctrl_c_ends_the_pages(recorded: Home) -> None:
    with dashboard(recorded) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.fullmatch(
            r"MLflow shows the sweep at (http://127\.0\.0\.1:(\d+)/#/experiments/(\d+)/runs\S+)\n", said
        )
        assert found is not None, said
        link, port, experiment_id = found.groups()
        assert "<title>MLflow</title>" in fetched(link)
        experiment = asked(f"http://127.0.0.1:{port}", experiment_id=experiment_id)
        assert experiment["name"] == SPEC.sweep_id
        assert VIEW_TAG in {tag["key"] for tag in experiment["tags"]}
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_SECONDS) == 130
        assert not listens(int(port))


@pytest.mark.slow
def test_scripts_are_told_link_and_server_and_a_signal_to_end_ends_both(recorded: Home) -> None:
    with dashboard(recorded, "small", "--json") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["sweep_id"] == SPEC.sweep_id
        assert told["url"].startswith("http://127.0.0.1:")
        os.kill(told["pid"], 0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_SECONDS) == 130
        wait_until(lambda: not Path(f"/proc/{told['pid']}").exists())


def refused(home: Home, *words: str) -> str:
    """Return what the command says on its way out with exit code 2."""
    command = [*COMMAND, "--home", str(home.root), *words]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    assert (ran.returncode, ran.stdout) == (2, ""), ran
    return ran.stderr


def test_a_port_in_use_is_refused_before_anything_is_started(home: Home) -> None:
    begin(home, SPEC, evaluations=0)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused(home, "--port", str(port))
    rule = f"--port must be free on 127.0.0.1, but got {port}: Address already in use"
    assert said == f"{rule}. Choose another, or leave it out to take a free one.\n"
    assert not (home.root / "dashboard.log").exists()


def test_what_is_no_port_and_a_home_without_sweeps_are_refused(home: Home) -> None:
    assert "Invalid value for '--port'" in refused(home, "--port", "65536")
    assert refused(home).startswith(f"a dashboard shows a sweep, but {home.root} has none.")
