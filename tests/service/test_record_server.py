"""MLflow's pages are kept up: whatever their server dies of, the next one takes its place, and it is told meanwhile."""

import os
import signal
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sweeps.errors import SweepError
from sweeps.record.local_server import LocalServer, loopback
from sweeps.service import record_server
from sweeps.service.record_server import RecordServer
from tests.end_to_end.sweep_process import wait_until

COUNTS = """
import http.server, sys
from pathlib import Path
starts = Path(sys.argv[2])
starts.write_text(starts.read_text() + "x" if starts.exists() else "x")
if starts.with_name("broken").exists():
    raise SystemExit("it does not start")
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind="127.0.0.1")
"""
"""A server that notes each of its starts, and does not start while a file lies beside the notes."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordServer]:
    monkeypatch.setattr(record_server, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(record_server, "LONGEST_WAIT_SECONDS", 0.02)
    address = loopback(0)
    command = (sys.executable, "-c", COUNTS, address.rpartition(":")[2], str(tmp_path / "starts"))
    with closing(RecordServer(LocalServer("MLflow", command, address, "", tmp_path / "mlflow.log"))) as server:
        yield server


def answers(server: RecordServer) -> bool:
    try:
        with urllib.request.urlopen(server.url, timeout=10):
            return True
    except OSError:
        return False


def test_a_server_that_dies_is_started_again_at_the_same_address(server: RecordServer, tmp_path: Path) -> None:
    assert "is being started" in server.health()
    server.start()
    first = server.pid
    assert (server.health(), answers(server)) == ("ok", True)
    (tmp_path / "broken").touch()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: server.health() != "ok")
    assert str(tmp_path / "mlflow.log") in server.health()
    wait_until(lambda: len((tmp_path / "starts").read_text()) > 3)
    assert not answers(server)
    (tmp_path / "broken").unlink()
    wait_until(lambda: server.health() == "ok")
    assert answers(server)
    assert server.pid != first
    assert "it does not start" in (tmp_path / "mlflow.log").read_text()
    server.close()
    assert not answers(server)


def test_a_first_server_that_does_not_start_is_told_at_once(server: RecordServer, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with pytest.raises(SweepError, match="MLflow must answer at"):
        server.start()
    assert (tmp_path / "starts").read_text() == "x"


def test_a_server_that_was_not_started_is_closed(server: RecordServer) -> None:
    server.close()
    assert server.pid == 0
