"""What happened in a sweep, in order: results that came and promotions that followed, told from its files alone.

An event's id says when its result was written, so that a stream goes on where another ended, in another process too.
A result is told a moment after it was written: by then nothing that comes before it is still to appear.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any, Literal, NamedTuple

from sweeps.errors import Fault
from sweeps.execution.storage import SweepFiles
from sweeps.search.cross_validation import standard_error
from sweeps.search.halving import Halving, Outcome
from sweeps.service.problems import RequestError
from sweeps.standing import read_spec

__all__ = ["Event", "Timeline", "Timelines", "parse_id"]

SETTLE_NS = 100_000_000
"""Longer than clocks of file systems are coarse."""

REST_SECONDS = 0.5
"""However many read a timeline, its folder is looked at no more often than this."""

MOST = 128
"""Timelines that are kept in memory."""


class Id(NamedTuple):
    """When a result was written, in nanoseconds since 1970; whose it is; the event's place among those it caused."""

    written_ns: int
    trial: int
    rung: int
    place: int

    def __str__(self) -> str:
        return "-".join(map(str, self))


@dataclass(frozen=True)
class Event:
    """Something that happened."""

    id: Id
    kind: Literal["evaluation", "promotion"]
    data: dict[str, Any]


@dataclass
class Timeline:
    """The events of one sweep, as far as they are known; for many threads at once.

    Attributes:
        files: The sweep's.
        clock_ns: Nanoseconds since 1970.
    """

    files: SweepFiles
    clock_ns: Callable[[], int] = time.time_ns
    _events: list[Event] = field(default_factory=list)
    _known: set[tuple[int, int]] = field(default_factory=set)
    _halvings: dict[int, Halving] = field(default_factory=dict)
    _looked: float = -REST_SECONDS
    _lock: Lock = field(default_factory=Lock)

    def after(self, last: Id | None) -> list[Event]:
        """Return the events that follow one, or all of them.

        Raises:
            StorageError: A file of the sweep is damaged.
        """
        with self._lock:
            if time.monotonic() - self._looked >= REST_SECONDS:
                self._look()
                self._looked = time.monotonic()
            return [event for event in self._events if last is None or event.id > last]

    def _look(self) -> None:
        settled = self.clock_ns() - SETTLE_NS
        fresh = [(self._written_ns(*each), *each) for each in self.files.evaluations() if each not in self._known]
        for written_ns, trial, rung in sorted(fresh):
            if written_ns <= settled:
                self._events += self._caused(written_ns, trial, rung)
                self._known.add((trial, rung))

    def _written_ns(self, trial: int, rung: int) -> int:
        return self.files.result(trial, rung).stat().st_ctime_ns

    def _caused(self, written_ns: int, trial: int, rung: int) -> Iterator[Event]:
        """Yield a result and the promotions that it brings."""
        result = self.files.read_result(trial, rung)
        assert result is not None
        places = count()
        names = ("trial", "bracket", "rung", "epochs", "state", "mean")
        told = {name: getattr(result, name) for name in names}
        told["standard_error"] = standard_error(result.folds) if result.folds else None
        yield Event(Id(written_ns, trial, rung, next(places)), "evaluation", told)
        halving = self._halving(trial)
        entered = halving.rung
        halving.tell(Outcome(trial, rung, tuple(result.folds)))
        for higher in range(entered + 1, halving.rung + 1):
            promoted = {
                "bracket": halving.bracket.number,
                "rung": higher,
                "epochs": halving.bracket.rungs[higher].epochs,
                "trials": sorted(halving.entrants[higher]),
            }
            yield Event(Id(written_ns, trial, rung, next(places)), "promotion", promoted)

    def _halving(self, trial: int) -> Halving:
        """Return the bracket of a trial with what is known of it."""
        if not self._halvings:
            self._halvings = {bracket.number: Halving(bracket) for bracket in read_spec(self.files).ladder()}
        bracket = next(each.bracket for each in self._halvings.values() if trial in each.bracket.trials)
        return self._halvings[bracket.number]


@dataclass
class Timelines:
    """The timelines that were asked for lately, each read once for all who follow it."""

    _kept: OrderedDict[SweepFiles, Timeline] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, files: SweepFiles) -> Timeline:
        """Return a sweep's timeline."""
        with self._lock:
            timeline = self._kept.setdefault(files, Timeline(files))
            self._kept.move_to_end(files)
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
            return timeline


def parse_id(text: str) -> Id:
    """Return the id that a stream gave.

    Raises:
        RequestError: No stream gives such an id.
    """
    if re.fullmatch(r"[0-9]{1,20}(-[0-9]{1,9}){3}", text) is None:
        rule = "it must be the id of an event of this stream"
        raise RequestError(Fault("header.last-event-id", rule, repr(text), "Leave it out to begin."))
    return Id(*map(int, text.split("-")))
