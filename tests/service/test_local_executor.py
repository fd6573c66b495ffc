"""The local executor: whom it asks to end, and when it kills; what all executors do is in `test_executors`."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sweeps.execution.lease import is_held, take_lock
from sweeps.execution.storage import Home, SweepFiles, write_atomically
from sweeps.service.executor import PATIENCE_SECONDS
from sweeps.service.local_executor import LocalExecutor
from tests.end_to_end.sweep_process import wait_until
from tests.sweep_on_disk import small_spec

SPEC = small_spec()

STUBBORN = """
import signal, sys, time
from pathlib import Path
from sweeps.execution.lease import hold_lease
signal.signal(signal.SIGINT, lambda *_: print("asked", flush=True))
with hold_lease(Path(sys.argv[1])):
    print("held", flush=True)
    while True:
        time.sleep(60)
"""


@pytest.fixture
def files(home: Home) -> SweepFiles:
    return home.sweep(SPEC.sweep_id)


@contextmanager
def stubborn(lease: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run a process that holds a lease, and says so when it is asked to end."""
    with subprocess.Popen([sys.executable, "-c", STUBBORN, str(lease)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_what_the_service_was_told_does_not_choose_what_a_process_runs(files: SweepFiles) -> None:
    executor = LocalExecutor("sqlite://", environment=os.environ | {"SWEEPS_SWEEP": "another"})
    assert executor.start(SPEC.sweep_id, files)
    wait_until(lambda: not executor.is_running(files))
    said = " ".join(executor.tail(files, 10).split())
    assert f"{files.spec.name} must hold the spec of a sweep" in said


def test_a_process_is_asked_once_and_killed_when_patience_is_over(files: SweepFiles) -> None:
    now = [0.0]
    executor = LocalExecutor("sqlite://", clock=lambda: now[0])
    with stubborn(files.lease) as process:
        assert process.stdout is not None
        executor.stop(files)
        assert process.stdout.readline() == "asked\n"
        now[0] = PATIENCE_SECONDS
        executor.stop(files)
        assert process.poll() is None
        now[0] = PATIENCE_SECONDS + 1
        executor.stop(files)
        assert process.wait(timeout=60) == -signal.SIGKILL
        assert process.stdout.read() == ""
    assert not is_held(files.lease)


@pytest.mark.parametrize("content", [b"", b"{", b'{"host": "another machine", "pid": 1, "since": ""}'])
def test_nobody_is_asked_to_end_who_may_be_somebody_else(files: SweepFiles, content: bytes) -> None:
    """The lock is this process's: a signal to the wrong one would end the tests."""
    lock = take_lock(files.lease)
    assert lock is not None
    with lock:
        files.lease.write_bytes(content)
        LocalExecutor("sqlite://").stop(files)
    write_atomically(files.lease, f'{{"host": "{os.uname().nodename}", "pid": {os.getpid()}, "since": ""}}'.encode())
    LocalExecutor("sqlite://").stop(files)
