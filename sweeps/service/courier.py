"""Tells whoever asked how sweeps stand: a thread of its own that notes changes and sends what has not been taken yet.

Like the reconciler it remembers nothing that matters: what is to be told follows from files, so that a service that was
killed tells the rest when it is started again. A message may come twice, never not at all while its receiver is there
within three days. Nothing waits for it, and the reconciler knows nothing of it.
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sweeps.errors import SweepError
from sweeps.service.board import Board, SweepView
from sweeps.service.delivery import Poster, UndeliveredError
from sweeps.service.notices import Delivery, Notices, settle

__all__ = ["Courier", "wait_seconds"]

LOG = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Between two looks at which sweeps have changed."""

SLICE_SECONDS = 0.1

READ_SECONDS = 30.0
"""Between two looks at the files of all sweeps, since addresses may be added to one that does not change."""

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 2.0, 3600.0

MOST_AT_ONCE = 16

PATIENCE = timedelta(days=3)
"""After which a notice that is not taken is told no more."""


@dataclass(frozen=True)
class _Tries:
    """How often something was tried in vain, and when it may be tried again."""

    count: int
    due: float


class Courier:
    """Tells about sweeps for as long as it is open."""

    def __init__(
        self,
        board: Board,
        poster: Poster,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Keep what to work with; `start` begins.

        Args:
            board: The sweeps.
            poster: Sends messages.
            now: The time, in UTC.
            jitter: A number from 0 to 1, another each time, so that what failed together is not tried together.
        """
        self._board, self._poster, self._now, self._jitter = board, poster, now, jitter
        self._seen: dict[str, tuple[str, str]] = {}
        self._waiting: dict[str, list[Delivery]] = {}
        self._tries: dict[Path, _Tries] = {}
        self._under_way: dict[Path, asyncio.Task[None]] = {}
        self._read_at = -READ_SECONDS
        self._closing = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="courier", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def close(self) -> None:
        """Tell no more; what is under way may be told again by the next service."""
        self._closing.set()
        self._thread.join()

    async def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._look()
                self._begin()
            except Exception:  # a fault of ours in one sweep's notices must not end those of all others
                LOG.exception("a look at what is to be told broke off")
            await self._rest()

    async def _rest(self) -> None:
        """Wait until the next look or the end; in no thread, since slow look-ups of names may hold them all."""
        until = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < until and not self._closing.is_set():
            await asyncio.sleep(min(LOOK_SECONDS, SLICE_SECONDS))

    def _look(self) -> None:
        """Note what has changed, and find out what is still to be told about it."""
        if time.monotonic() - self._read_at >= READ_SECONDS:
            self._seen.clear()
            self._read_at = time.monotonic()
        for view in self._board.snapshot():
            if self._seen.get(view.ref) != (view.state, view.why):
                self._seen[view.ref] = view.state, view.why
                self._look_at(view)

    def _look_at(self, view: SweepView) -> None:
        try:
            notices = Notices(self._board.files(view.ref))
            if notices.are_wanted:  # for most sweeps they are not, and all of them are looked at
                notices.note(view, self._now())
                self._waiting[view.ref] = notices.pending()
        except SweepError as error:
            LOG.warning("nobody is told about %s: %s", view.ref, error)

    def _begin(self) -> None:
        """Send what is due, as much at once as is good for the machine."""
        for ref in list(self._waiting):
            for delivery in self._waiting[ref]:
                if len(self._under_way) < MOST_AT_ONCE and self._is_due(delivery):
                    task = asyncio.create_task(self._deliver(ref, delivery))
                    self._under_way[delivery.receipt] = task
            if not self._waiting[ref]:
                del self._waiting[ref]

    def _is_due(self, delivery: Delivery) -> bool:
        tries = self._tries.get(delivery.receipt)
        return (
            delivery.receipt not in self._under_way
            and (tries is None or tries.due <= time.monotonic())
            and self._now() - delivery.notice.noted < PATIENCE
        )

    async def _deliver(self, ref: str, delivery: Delivery) -> None:
        try:
            status = await self._poster.post(delivery.notice, delivery.address)
            settle(delivery, status, self._now())
        except (UndeliveredError, SweepError) as error:
            self._try_later(ref, delivery, error)
        except Exception:  # as above: it is tried again
            LOG.exception("a notice about %s could not be sent", ref)
            self._try_later(ref, delivery, None)
        else:
            self._tries.pop(delivery.receipt, None)
            self._waiting[ref] = [each for each in self._waiting.get(ref, []) if each.receipt != delivery.receipt]
        finally:
            del self._under_way[delivery.receipt]

    def _try_later(self, ref: str, delivery: Delivery, error: Exception | None) -> None:
        before = self._tries.get(delivery.receipt, _Tries(0, 0.0))
        if before.count == 0 and error is not None:  # said once, not at every try; and no more of the address
            LOG.warning("%s has not heard about %s yet: %s", delivery.address.host, ref, error)
        due = time.monotonic() + wait_seconds(before.count, self._jitter())
        self._tries[delivery.receipt] = _Tries(before.count + 1, due)


def wait_seconds(failures: int, jitter: float) -> float:
    """Return how long to wait after a failure: twice as long as after the one before, up to an hour, less up to half.

    Args:
        failures: How many there were before.
        jitter: From 0 to 1.
    """
    longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(failures, 30))
    return longest * (1 - jitter / 2)
