"""One driver a sweep: a second one is told who holds the lease, and a dead holder's lease is free."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sweeps.errors import LeaseError, StorageError
from sweeps.execution.lease import hold_lease, is_held

HOLDS = """
import sys
from pathlib import Path
from sweeps.execution.lease import hold_lease
with hold_lease(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the lease until its standard input is closed."""
    command = [sys.executable, "-c", HOLDS, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def lease(odd_path: Path) -> Path:
    return odd_path / "small-01234567" / "lease.json"


def test_a_second_driver_is_told_who_holds_the_lease_and_since_when(lease: Path) -> None:
    begun = datetime.now(UTC).replace(microsecond=0)
    with holder(lease) as process:
        with pytest.raises(LeaseError) as caught, hold_lease(lease):
            pass
        since = json.loads(lease.read_text())["since"]
        assert begun <= datetime.fromisoformat(since) <= datetime.now(UTC)
        assert str(caught.value) == (
            "one driver runs a sweep at a time, but small-01234567 is held by "
            f"process {process.pid} on {socket.gethostname()} since {since}. "
            "Wait for it, or stop that process; this sweep continues where it was."
        )


def test_a_killed_drivers_lease_is_free(lease: Path) -> None:
    with holder(lease) as process:
        assert is_held(lease)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not is_held(lease)
        with hold_lease(lease):
            assert json.loads(lease.read_text())["pid"] == os.getpid()


def test_a_lease_is_free_after_its_block_even_when_that_failed(lease: Path) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError, match="driver broke"), hold_lease(lease):
            assert is_held(lease)
            raise RuntimeError("driver broke")
        assert not is_held(lease)


def test_nobody_holds_a_lease_that_does_not_exist(lease: Path) -> None:
    assert not is_held(lease)
    assert not lease.exists()


def test_programs_started_by_the_holder_do_not_keep_its_lease(lease: Path) -> None:
    with hold_lease(lease):
        child = subprocess.Popen(
            [sys.executable, "-c", "print('up', flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=False,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"up\n"
    try:
        assert child.poll() is None
        assert not is_held(lease)
    finally:
        child.kill()
        child.communicate()


def test_a_holder_that_has_not_yet_written_its_name_holds_all_the_same(lease: Path) -> None:
    with hold_lease(lease):
        for content in ("", "{", "{}"):
            lease.write_text(content)
            with pytest.raises(LeaseError, match="a process that has only just started"), hold_lease(lease):
                pass


def test_looking_whether_a_lease_is_held_never_keeps_a_driver_out(lease: Path) -> None:
    with hold_lease(lease):
        pass
    looker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from sweeps.execution.lease import is_held\n"
            "print('looking', flush=True)\nwhile True: is_held(Path(sys.argv[1]))",
            str(lease),
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert looker.stdout is not None
        assert looker.stdout.readline() == b"looking\n"
        for _ in range(50):
            with hold_lease(lease):
                assert json.loads(lease.read_text())["pid"] == os.getpid()
    finally:
        looker.kill()
        looker.communicate()


def test_a_home_that_cannot_be_written_is_told_with_its_path(odd_path: Path) -> None:
    (odd_path / "taken").write_text("a file")
    with pytest.raises(StorageError) as caught, hold_lease(odd_path / "taken" / "lease.json"):
        pass
    assert str(odd_path / "taken" / "lease.json") in str(caught.value)
    assert "--home" in str(caught.value)
