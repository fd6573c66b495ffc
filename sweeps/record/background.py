"""Does the recording beside the sweep: jobs in the order in which they came, repeated while MLflow is away.

Knows neither MLflow nor the recorder: a job is a call that may be repeated and that raises `RecordError` while it
cannot be done. Whoever submits is never kept waiting.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

from sweeps.record.connection import RecordError

__all__ = ["BackgroundRecorder", "Job"]

Job = Callable[[], None]

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
PAUSE_SECONDS = 0.05
"""How long a job waits after it was submitted: the driver hands out new work just then, and may want the processor."""

CLOSING_SECONDS = 5.0
"""How long `close` waits for the job in hand; cut off after that, it is like any killed writer."""


class BackgroundRecorder:
    """One thread that does jobs one by one, in order.

    A job that raises `RecordError` is repeated after 0.5 s, 1 s, … 30 s, and those behind it wait. Any other exception
    is a fault of the program: it ends the thread and is raised by the next `submit` or `drain`.
    """

    def __init__(
        self, on_trouble: Callable[[str | None], None], *, first_delay_seconds: float = FIRST_DELAY_SECONDS
    ) -> None:
        """Start the thread.

        Args:
            on_trouble: Called from the thread with a message when jobs begin to fail, and with None when they go again.
            first_delay_seconds: How long to wait before a job is repeated; doubled each time.
        """
        self._on_trouble = on_trouble
        self._first_delay_seconds = first_delay_seconds
        self._jobs: deque[tuple[float, Job]] = deque()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._draining = False
        self._fault: Exception | None = None
        # A daemon, so that an MLflow that answers nobody does not keep the process alive.
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job and return at once.

        Raises:
            Exception: Whatever ended the thread.
            RuntimeError: It is closed.
        """
        with self._changed:
            self._raise_fault()
            if self._closing.is_set():
                raise RuntimeError("a closed recorder takes no more jobs")
            self._jobs.append((time.monotonic(), job))
            self._changed.notify_all()

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until every job is done, and tell whether it is.

        Raises:
            Exception: Whatever ended the thread.
        """
        with self._changed:
            self._draining = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._jobs or self._fault is not None, timeout_seconds)
            self._draining = False
            self._raise_fault()
            return not self._jobs

    def close(self) -> None:
        """End the thread after the job in hand; jobs still queued are given up, for the next start to record again."""
        with self._changed:
            self._closing.set()
            self._changed.notify_all()
        self._thread.join(CLOSING_SECONDS)

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        try:
            while (job := self._next()) is not None and self._done(job):
                with self._changed:
                    self._jobs.popleft()
                    self._changed.notify_all()
        except Exception as error:  # noqa: BLE001  # kept for the thread that submits, which raises it
            with self._changed:
                self._fault = error
                self._changed.notify_all()

    def _next(self) -> Job | None:
        """Wait for a job and leave it in the queue: it counts as open until it is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closing.is_set())
            if self._closing.is_set():
                return None
            submitted, job = self._jobs[0]
            pause_seconds = submitted + PAUSE_SECONDS - time.monotonic()
            self._changed.wait_for(lambda: self._draining or self._closing.is_set(), pause_seconds)
            return None if self._closing.is_set() else job

    def _done(self, job: Job) -> bool:
        """Do a job, as often as it takes, and tell whether it is done; it is not if the recorder closes first."""
        delay_seconds, troubled = self._first_delay_seconds, False
        while True:
            try:
                job()
            except RecordError as error:
                if not troubled:
                    troubled = True
                    self._on_trouble(str(error))
                if self._closing.wait(delay_seconds):
                    return False
                delay_seconds = min(2 * delay_seconds, LONGEST_DELAY_SECONDS)
            else:
                if troubled:
                    self._on_trouble(None)
                return True
