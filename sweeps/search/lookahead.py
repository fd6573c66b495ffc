"""Which bracket to serve next so that the sweep ends soonest: each choice is played out to the end, in numbers.

No fixed order parts the last evaluations well between a few workers: now a long one is left for the end, now a barrier
that others stand at. Playing a rule out after every possible choice and making the best one, each time anew, ends no
later than the rule itself (a rollout: Bertsekas, Tsitsiklis and Wu 1997). Time is counted in epochs, by a clock that
moves with what comes back; nothing that a sweep computes depends on it.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sweeps.search.halving import Halving
from sweeps.search.ladder import Rung

__all__ = ["OVERHEAD_EPOCHS", "Timetable", "soonest_first"]

OVERHEAD_EPOCHS = 0.5
"""What an evaluation takes besides its training, in epochs: about as much as on digits, the smallest dataset."""

Key = tuple[int, int]
"""A trial and a rung."""


@dataclass
class Timetable:
    """What workers have in hand, and until when if each evaluation takes as long as it should.

    Attributes:
        now: The end of the latest evaluation that came back, as it should have been.
        in_hand: End and number of the bracket of each evaluation that was handed out, by trial and rung.
        workers: How many there are: as many evaluations as were ever in hand at once.
    """

    now: float = 0.0
    in_hand: dict[Key, tuple[float, int]] = field(default_factory=dict)
    workers: int = 0

    def begin(self, key: Key, bracket: int, epochs: int) -> None:
        """Note that an evaluation of so many epochs is handed out."""
        self.in_hand[key] = (self.now + epochs + OVERHEAD_EPOCHS, bracket)
        self.workers = max(self.workers, len(self.in_hand))

    def end(self, key: Key) -> None:
        """Note that an evaluation has come back, if it was handed out."""
        end, _ = self.in_hand.pop(key, (self.now, 0))
        self.now = max(self.now, end)


def soonest_first(halvings: Sequence[Halving], timetable: Timetable) -> list[Halving]:
    """Return the brackets in which trials wait, first the one with which the sweep ends soonest if it is served now.

    Args:
        halvings: Every bracket that is not complete; none is to come.
        timetable: What is in hand.
    """
    waiting = [halving for halving in halvings if halving.waiting]
    if len(waiting) < 2:
        return waiting
    return sorted(
        waiting, key=lambda first: min((_end(halvings, first, timetable, rule), *rule(first)) for rule in RULES)
    )


class _Rest:
    """What is left of a bracket, in numbers: trials that wait and that have not come back, rung by rung."""

    def __init__(self, halving: Halving) -> None:
        self.bracket, self.rung = halving.bracket, halving.rung
        self.waiting, self.missing = halving.waiting, halving.left(halving.rung)

    @property
    def epochs(self) -> int:
        return self._rungs[self.rung].epochs

    @property
    def epochs_before(self) -> int:
        return self._rungs[self.rung - 1].epochs if self.rung else 0

    @property
    def _rungs(self) -> Sequence[Rung]:
        return self.bracket.rungs

    def come_back(self) -> None:
        """Take in an evaluation; after the last one of a rung the next is filled as planned."""
        self.missing -= 1
        if not self.missing and self.rung + 1 < len(self._rungs):
            self.rung += 1
            self.waiting = self.missing = self._rungs[self.rung].trials


Rule = Callable[[Halving | _Rest], tuple[int, ...]]
"""The bracket with the lowest is served."""


def _longest_way(rest: Halving | _Rest) -> tuple[int, ...]:
    """Put those first whose trials have been trained least, and among them those of the earliest bracket."""
    return rest.epochs_before, rest.bracket.number


def _longest_way_and_evaluation(rest: Halving | _Rest) -> tuple[int, ...]:
    """Put those first whose trials have been trained least, and among them those with the longest evaluations."""
    return rest.epochs_before, -rest.epochs, rest.bracket.number


RULES: tuple[Rule, ...] = (_longest_way, _longest_way_and_evaluation)


def _end(halvings: Sequence[Halving], first: Halving, timetable: Timetable, rule: Rule) -> float:
    """Return when everything has come back if one bracket is served first and then always as a rule says."""
    rests = {halving.bracket.number: _Rest(halving) for halving in halvings}
    workers, now = max(timetable.workers, len(timetable.in_hand) + 1), timetable.now
    at_work = list(timetable.in_hand.values())
    heapq.heapify(at_work)
    served: _Rest | None = rests[first.bracket.number]
    while served is not None or at_work:
        if served is not None:
            served.waiting -= 1
            seconds = served.epochs - served.epochs_before + OVERHEAD_EPOCHS
            heapq.heappush(at_work, (now + seconds, served.bracket.number))
        else:
            end, number = heapq.heappop(at_work)
            now = max(now, end)
            rests[number].come_back()
        waiting = [rest for rest in rests.values() if rest.waiting] if len(at_work) < workers else []
        served = min(waiting, key=rule, default=None)
    return now
