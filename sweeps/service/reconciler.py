"""Brings about what is wished: a thread that compares it with what is the case, again and again, and acts.

Whatever fails is tried again at the next look; nothing is remembered between looks, so it can be killed at any moment.
"""

import logging
import threading
import time
from collections.abc import Callable

from sweeps.errors import SweepError
from sweeps.service.board import Board
from sweeps.service.executor import Executor
from sweeps.service.schedule import Action, decide

__all__ = ["Reconciler"]

LOG = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Between two looks at sweeps that wait or run; a change is looked at once."""

READ_SECONDS = 30.0
"""Between two readings of the record, which others may change too; after trouble it is read at the next look."""


class Reconciler:
    """Starts what should run and stops what should not, for as long as it is open."""

    def __init__(
        self, board: Board, executor: Executor, *, max_running: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep what to work with; `start` begins.

        Args:
            board: The sweeps.
            executor: Runs them.
            max_running: How many run at a time.
            clock: In seconds, ever growing.
        """
        self._board = board
        self._executor = executor
        self._max_running = max_running
        self._clock = clock
        self._read_at: float | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more; what runs goes on running."""
        self._closing.set()
        self._board.changed.set()
        self._thread.join()

    def step(self) -> None:
        """Look once, and do what is to be done; what cannot be done is told, and tried again at the next look."""
        troubles: list[str] = []
        try:
            self._look()
        except SweepError as error:
            troubles.append(str(error))
        # What is known goes on as it was last wished, also while the record is away.
        for action in decide(self._board.snapshot(), self._max_running, can_record=not troubles):
            try:
                self._act(action)
            except (SweepError, OSError) as error:
                troubles.append(f"cannot {action.kind} {action.ref}: {error}")
        self._tell("; ".join(troubles))

    def _tell(self, trouble: str) -> None:
        """Say it in the log when it begins, not at every look."""
        if trouble and trouble != self._board.trouble:
            LOG.warning("%s", trouble)
        self._board.trouble = trouble

    def _look(self) -> None:
        self._board.look_again()
        now = self._clock()
        if self._read_at is None or now - self._read_at >= READ_SECONDS:
            self._board.refresh()
            self._read_at = now

    def _act(self, action: Action) -> None:
        files = self._board.files(action.ref)
        if action.kind == "stop":
            self._executor.stop(files)
        else:
            self._executor.start(action.ref, files)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._board.changed.clear()
            try:
                self.step()
            except Exception:  # a fault of ours in one sweep's matters must not end those of all others
                LOG.exception("a look at the sweeps broke off")
                self._board.trouble = "a look at the sweeps broke off, see the service's log"
            self._board.changed.wait(LOOK_SECONDS)
