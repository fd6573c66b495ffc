"""Which bracket to serve next so that the sweep ends soonest: each choice is played out to the end, in numbers.

No fixed order parts the last evaluations well between a few workers: now a long one is left for the end, now a barrier
that others stand at. Playing simple orders out after every possible choice, and making the one with the best end, each
time anew, comes close to what the work allows (a rollout: Bertsekas, Tsitsiklis and Wu 1997). Time is counted in
epochs, by a clock that moves with what comes back; nothing that a sweep computes depends on it.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sweeps.search.halving import Halving

__all__ = ["MOST_EVALUATIONS", "OVERHEAD_EPOCHS", "Standing", "Timetable", "drawable", "soonest_first"]

OVERHEAD_EPOCHS = 0.5
"""What an evaluation takes besides its training, in epochs: about as much as on digits, the smallest dataset."""

MOST_EVALUATIONS = 60
"""Evaluations left from which on choices are played out: some milliseconds each. What comes before hardly matters."""

Key = tuple[int, int]
"""A trial and a rung."""


class Standing(Protocol):
    """How a bracket stands, as `Halving` says."""

    @property
    def at_top(self) -> bool: ...
    @property
    def complete(self) -> bool: ...
    def heads_known(self, lag: int) -> bool: ...


def drawable(brackets: Sequence[Standing], number: int, lag: int) -> bool:
    """Tell whether what a bracket is drawn from is known: of those before it, the nearer the less.

    Of the last its first rung without the final `lag` trials, of the one before all but its top rung, and everything
    of the third; the others are complete by then.
    """
    last, climbing, complete = (
        brackets[number - back : number - back + 1] if number >= back else () for back in (1, 2, 3)
    )
    return (
        all(bracket.heads_known(lag) for bracket in last)
        and all(bracket.at_top for bracket in climbing)
        and all(bracket.complete for bracket in complete)
    )


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


def soonest_first(halvings: Sequence[Halving], drawn: int, lag: int, timetable: Timetable) -> Sequence[Halving]:
    """Return the brackets in which trials may wait, first that with which the sweep ends soonest if it is served now.

    While many evaluations are left the earliest bracket comes first: the next ones wait for it.

    Args:
        halvings: All brackets.
        drawn: How many of them are drawn.
        lag: As in `drawable`.
        timetable: What is in hand.
    """
    active = halvings[max(0, drawn - 3) : drawn]
    if sum(halving.left(rung) for halving in halvings for rung in range(len(halving.bracket.rungs))) > MOST_EVALUATIONS:
        return active
    waiting = [halving for halving in active if halving.waiting]
    if len(waiting) < 2:
        return waiting

    def end_and_rank(first: Halving) -> tuple[float, ...]:
        ends = (_end(_Rests(halvings, drawn, lag), first.bracket.number, timetable, order) for order in ORDERS)
        return min(ends), first.epochs_before, first.bracket.number

    return sorted(waiting, key=end_and_rank)


class _Rest:
    """What is left of a bracket, in numbers; a `Standing`."""

    __slots__ = ("costs", "epochs_before", "first_missing", "missing", "number", "rung", "trials", "waiting")

    def __init__(self, halving: Halving) -> None:
        rungs = halving.bracket.rungs
        self.number, self.rung = halving.bracket.number, halving.rung
        self.waiting, self.missing = halving.waiting, halving.left(halving.rung)
        self.first_missing = halving.left(0)
        self.trials = [rung.trials for rung in rungs]
        self.epochs_before = [0, *(rung.epochs for rung in rungs)]
        self.costs = [halving.bracket.epochs_to_train(rung) + OVERHEAD_EPOCHS for rung in range(len(rungs))]

    @property
    def at_top(self) -> bool:
        return self.rung == len(self.trials) - 1

    @property
    def complete(self) -> bool:
        return self.at_top and not self.missing

    def heads_known(self, lag: int) -> bool:
        return self.first_missing <= lag

    def come_back(self) -> None:
        """Take in an evaluation; after the last one of a rung the next is filled as planned."""
        self.missing -= 1
        self.first_missing -= self.rung == 0
        if not self.missing and not self.at_top:
            self.rung += 1
            self.waiting = self.missing = self.trials[self.rung]


class _Rests:
    """What is left of a sweep: brackets, of which the first are drawn."""

    def __init__(self, halvings: Sequence[Halving], drawn: int, lag: int) -> None:
        self.brackets = [_Rest(halving) for halving in halvings]
        self.drawn, self.lag = drawn, lag

    @property
    def all_drawn(self) -> bool:
        return self.drawn == len(self.brackets)

    def come_back(self, number: int) -> None:
        """Take in an evaluation of a bracket, and draw those that can be drawn then."""
        self.brackets[number].come_back()
        while not self.all_drawn and drawable(self.brackets, self.drawn, self.lag):
            self.drawn += 1


Rule = Callable[[_Rest], tuple[float, ...]]
"""The bracket with the lowest is served."""


def _earliest(rest: _Rest) -> tuple[float, ...]:
    return (rest.number,)


def _longest_way(rest: _Rest) -> tuple[float, ...]:
    """Put those first whose trials have been trained least."""
    return rest.epochs_before[rest.rung], rest.number


def _longest_way_and_evaluation(rest: _Rest) -> tuple[float, ...]:
    """Put those first whose trials have been trained least, and among them those with the longest evaluations."""
    return rest.epochs_before[rest.rung], -rest.costs[rest.rung], rest.number


ORDERS = (
    (_earliest, _longest_way),
    (_earliest, _longest_way_and_evaluation),
    (_longest_way, _longest_way),
    (_longest_way_and_evaluation, _longest_way_and_evaluation),
)
"""The rules by which a sweep is played out: until every bracket is drawn, and from then on."""


def _end(rests: _Rests, first: int, timetable: Timetable, order: tuple[Rule, Rule]) -> float:
    """Return when everything has come back if one bracket is served first, and the others in an order."""
    workers, now = max(timetable.workers, len(timetable.in_hand) + 1), timetable.now
    at_work = list(timetable.in_hand.values())
    heapq.heapify(at_work)
    served: _Rest | None = rests.brackets[first]
    while served is not None or at_work:
        if served is not None:
            served.waiting -= 1
            heapq.heappush(at_work, (now + served.costs[served.rung], served.number))
        else:
            end, number = heapq.heappop(at_work)
            now = max(now, end)
            rests.come_back(number)
        waiting = [rest for rest in rests.brackets[: rests.drawn] if rest.waiting] if len(at_work) < workers else []
        served = min(waiting, key=order[rests.all_drawn], default=None)
    return now
