"""A process that may not run any more is interrupted, as by Ctrl-C, and one that may is left alone."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from sweeps.execution.storage import Home, SweepFiles
from sweeps.service import fence, job
from sweeps.service.attempts import Attempt, begin_attempt
from sweeps.service.fence import fenced
from sweeps.settings import Settings
from tests.end_to_end.sweep_process import wait_until
from tests.sweep_on_disk import small_spec

SPEC = small_spec()


@pytest.fixture
def handlers() -> Iterator[None]:
    """Leave this process its handlers of signals: a job sets its own."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def files(home: Home, monkeypatch: pytest.MonkeyPatch) -> SweepFiles:
    monkeypatch.setattr(fence, "LOOK_SECONDS", 0.01)
    return home.sweep(SPEC.sweep_id)


def begin_another(files: SweepFiles) -> None:
    begin_attempt(files, now_ms=0, known=0)


def ask_to_stop(files: SweepFiles) -> None:
    Attempt(files, 1).ask_to_stop()


@pytest.mark.parametrize("ends", [begin_another, ask_to_stop])
def test_a_later_attempt_or_a_wish_ends_what_runs(files: SweepFiles, ends: Callable[[SweepFiles], None]) -> None:
    attempt = begin_attempt(files, now_ms=0, known=0)
    begun = threading.Event()
    with pytest.raises(KeyboardInterrupt), fenced(attempt):
        assert attempt.may_run
        begun.set()
        ends(files)
        wait_until(lambda: False)
    assert begun.is_set()
    assert not attempt.may_run
    ask_to_stop(files)


STUBBORN = """
import signal, sys, time
from pathlib import Path
from sweeps.execution.storage import Home
from sweeps.service import fence
from sweeps.service.attempts import Attempt
fence.LOOK_SECONDS = fence.PATIENCE_SECONDS = 0.01
signal.signal(signal.SIGINT, lambda *_: print("asked", flush=True))
attempt = Attempt(Home(Path(sys.argv[1])).sweep(sys.argv[2]), 1)
attempt.ask_to_stop()
with fence.fenced(attempt):
    while True:
        time.sleep(60)
"""


def test_what_does_not_end_is_killed(files: SweepFiles) -> None:
    command = [sys.executable, "-c", STUBBORN, str(files.root.parent.parent), files.sweep_id]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("asked\n", "", -signal.SIGKILL)


def test_what_ended_by_itself_is_interrupted_no_more(files: SweepFiles) -> None:
    attempt = begin_attempt(files, now_ms=0, known=0)
    with fenced(attempt):
        pass
    begin_another(files)
    assert not any(thread.name == "fence" for thread in threading.enumerate())


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("ends", [begin_another, ask_to_stop])
def test_a_job_that_comes_too_late_says_so_and_leaves_no_log(
    files: SweepFiles,
    ends: Callable[[SweepFiles], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It has no lock when it begins, as a job of Ray's; names come quoted, since Ray changes what it passes on."""
    attempt = begin_attempt(files, now_ms=0, known=0)
    ends(files)
    home = Settings(home=files.root.parent.parent).home
    monkeypatch.delenv(job.LOCK, raising=False)
    monkeypatch.setenv(job.HOME, quote(str(home)))
    monkeypatch.setenv(job.SWEEP, files.sweep_id)
    monkeypatch.setenv(job.ATTEMPT, str(attempt.number))
    assert job.main() == 2
    assert os.environ[job.HOME] == str(home)
    assert "a sweep is run by its latest attempt" in " ".join(capsys.readouterr().out.split())
    assert not attempt.log.exists()
