"""Servers on loopback: up when they are yielded, gone afterwards, and told of when they do not start."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from sweeps.errors import SweepError
from sweeps.execution.storage import Home
from sweeps.record.local_server import LocalServer, loopback, serve
from sweeps.record.tensorboard_pages import serve_tensorboard
from tests.end_to_end.sweep_process import wait_until
from tests.sweep_on_disk import finish, small_spec


def folder_server(folder: Path, address: str) -> LocalServer:
    port = address.rpartition(":")[2]
    command = (sys.executable, "-m", "http.server", port, "--bind", "127.0.0.1", "--directory", str(folder))
    return LocalServer("Python", command, address, "", folder.parent / "server.log")


def test_a_server_answers_while_it_is_served_and_is_gone_afterwards(odd_path: Path) -> None:
    shown = odd_path / "shown"
    shown.mkdir()
    (shown / "page").write_text("hello")
    address = loopback(0)
    with (
        serve(folder_server(shown, address)) as process,
        urllib.request.urlopen(f"{address}/page", timeout=10) as page,
    ):
        assert page.read() == b"hello"
        assert os.getpgid(process.pid) == process.pid
    assert process.returncode == -signal.SIGTERM


SERVES = """
import sys
from pathlib import Path
from sweeps.record.local_server import loopback, serve
from tests.record.test_local_server import folder_server
address = loopback(0)
with serve(folder_server(Path(sys.argv[1]), address)):
    print(address, flush=True)
    sys.stdin.read()
"""


def test_a_server_ends_with_whoever_started_it_however_that_ends(tmp_path: Path) -> None:
    shown = tmp_path / "shown"
    shown.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", SERVES, str(shown)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert answers(address)
        process.kill()
    wait_until(lambda: not answers(address))


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=10):
            return True
    except OSError:
        return False


def test_addresses_are_on_this_machine_alone() -> None:
    assert loopback(5000) == "http://127.0.0.1:5000"
    assert loopback(0) != loopback(5000)


def test_a_server_that_does_not_start_is_told_with_its_log(odd_path: Path) -> None:
    command = (sys.executable, "-c", "raise SystemExit('no port is good enough')")
    log = odd_path / "server.log"
    with pytest.raises(SweepError) as caught, serve(LocalServer("Python", command, loopback(0), "", log)):
        pass
    assert f"but does not. Read {log}." in str(caught.value)
    assert "no port is good enough" in log.read_text()


def test_tensorboard_shows_the_trials_of_a_sweep_that_did_not_ask_for_it(home: Home) -> None:
    files = finish(home, small_spec())
    with serve_tensorboard(files, port=0) as pages:
        address = pages.url.removesuffix("/#timeseries")
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}/data/logdir", timeout=30) as answer:
            assert str(files.tensorboard).splitlines()[0].encode() in answer.read().replace(b'\\"', b'"')
        assert pages.process is not None
        assert pages.process.pid == pages.pid
    assert pages.process.poll() is not None
    assert len(list(files.tensorboard.rglob("events.out.tfevents.*"))) == 6


def test_a_damaged_result_is_told_before_a_server_starts(home: Home) -> None:
    files = finish(home, small_spec())
    files.result(0, 0).write_text("{")
    with pytest.raises(SweepError, match="must be a whole evaluation file"), serve_tensorboard(files, port=0):
        pass
