"""Ends a process that may not run any more, wherever it runs: it looks into the shared home, again and again."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sweeps.service.attempts import Attempt
from sweeps.service.executor import PATIENCE_SECONDS

__all__ = ["fenced"]

LOOK_SECONDS = 1.0


@contextmanager
def fenced(attempt: Attempt) -> Iterator[None]:
    """Interrupt the main thread, as Ctrl-C does, once the attempt may not run any more.

    Side effect: kills this process if the block goes on for two more minutes, as it may if its Ray is lost.

    Args:
        attempt: The one that this process is.
    """
    ended = threading.Event()
    watching = threading.Thread(target=_watch, args=(attempt, ended), name="fence", daemon=True)
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()


def _watch(attempt: Attempt, ended: threading.Event) -> None:
    while attempt.may_run:
        if ended.wait(LOOK_SECONDS):
            return
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    if not ended.wait(PATIENCE_SECONDS):
        os.kill(os.getpid(), signal.SIGKILL)
