"""Runs sweeps on this machine, a process each, which lives on when the service ends and is found again by its locks."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from sweeps.execution.lease import Holder, is_held, read_holder, take_lock
from sweeps.execution.storage import SweepFiles
from sweeps.service import job
from sweeps.service.attempts import begin_attempt, last_words
from sweeps.service.executor import PATIENCE_SECONDS

__all__ = ["LocalExecutor"]


@dataclass
class LocalExecutor:
    """Starts and stops the processes of sweeps.

    Attributes:
        tracking_uri: Where they record.
        workers: Evaluations at a time of each; None is one a processor.
        environment: Variables of the processes, besides their own.
        clock: In seconds, ever growing.
    """

    tracking_uri: str
    workers: int | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    clock: Callable[[], float] = time.monotonic
    _asked: dict[Holder, float] = field(default_factory=dict)

    def start(self, ref: str, files: SweepFiles) -> bool:
        """Start a sweep and return True, or return False if it has a process already.

        The process inherits the lock that is taken here, so that there is no moment in which another could be started.

        Raises:
            StorageError: The attempt cannot be written down.
            OSError: The machine cannot start a process.
        """
        if is_held(files.lease) or (lock := take_lock(files.job)) is None:
            return False
        with lock:
            known = len(files.evaluations())
            attempt = begin_attempt(files, now_ms=time.time_ns() // 1_000_000, known=known)
            with attempt.log.open("ab") as output:
                process = subprocess.Popen(  # noqa: S603  # our own words, no shell
                    [sys.executable, "-m", job.__name__],
                    env=self._environment(ref, files, attempt.number, lock.fileno()),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=[lock.fileno()],
                    start_new_session=True,
                )
        # Ended processes stay in the system's table until someone asks for them.
        threading.Thread(target=process.wait, name=f"job {ref}", daemon=True).start()
        return True

    def is_running(self, files: SweepFiles) -> bool:
        """Tell whether a process runs a sweep, started by whomever."""
        return is_held(files.job) or is_held(files.lease)

    def stop(self, files: SweepFiles) -> None:
        """Ask the process of a sweep to end, once; kill it if it has not for two minutes. Either loses nothing.

        A process that has only just started is not asked yet: ask again.
        """
        holder = read_holder(files.lease)
        if holder is None or holder.host != socket.gethostname():
            return
        if holder not in self._asked:
            self._asked[holder] = self.clock()
            _signal(holder, signal.SIGINT)
        elif self.clock() - self._asked[holder] > PATIENCE_SECONDS:
            _signal(holder, signal.SIGKILL)

    def tail(self, files: SweepFiles, lines: int) -> str:
        """Return the last lines that the latest process of a sweep said."""
        return last_words(files, lines)

    def health(self) -> str:
        """Return "ok": the machine that the service runs on can start processes, or says so when it cannot."""
        return "ok"

    def _environment(self, ref: str, files: SweepFiles, attempt: int, lock: int) -> dict[str, str]:
        own = {
            job.HOME: str(files.root.parent.parent),
            job.SWEEP: files.sweep_id,
            job.EXPERIMENT: ref,
            job.TRACKING_URI: self.tracking_uri,
            job.ATTEMPT: str(attempt),
            job.LOCK: str(lock),
            "PYTHONUNBUFFERED": "1",
        }
        if self.workers is not None:
            own[job.WORKERS] = str(self.workers)
        return {**self.environment, **own}


def _signal(holder: Holder, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has just ended
        os.kill(holder.pid, number)
