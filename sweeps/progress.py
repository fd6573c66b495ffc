"""What is going on in a sweep, as one value that views draw: brackets, rungs, the best so far, time left."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sweeps.search.halving import Halving

__all__ = ["BestSoFar", "Computed", "Progress", "RungProgress", "take_stock"]

Key = tuple[int, int]
"""A trial and a rung."""


@dataclass(frozen=True)
class RungProgress:
    """One rung: how many trials it takes, how many are done and how many are being trained."""

    trials: int
    epochs: int
    done: int
    running: int


@dataclass(frozen=True)
class BestSoFar:
    """The best evaluation at the highest fidelity reached."""

    trial: int
    epochs: int
    mean: float


@dataclass(frozen=True)
class Computed:
    """What this run has computed, as opposed to what earlier runs left.

    Attributes:
        evaluations: How many.
        epochs: Epochs of one fold that they trained.
        seconds: Time that workers spent on them, summed over workers.
    """

    evaluations: int = 0
    epochs: int = 0
    seconds: float = 0.0

    def plus(self, *, epochs: int, seconds: float) -> "Computed":
        """Return it with one more evaluation."""
        return Computed(self.evaluations + 1, self.epochs + epochs, self.seconds + seconds)


@dataclass(frozen=True)
class Progress:
    """A sweep at one moment.

    Attributes:
        sweep_id: The sweep.
        brackets: Rungs of each bracket.
        computed: Evaluations computed by this run.
        restored: Evaluations found from earlier runs.
        best: The best so far.
        workers: How many workers there are; 0 if that is not known, as to who watches from elsewhere.
        epochs_done: Epochs of one fold trained by this run.
        epochs_left: Epochs of one fold still to be trained, at most: rungs above the present ones count as filled.
        trouble: What the record suffers from, or empty.
        busy_seconds: Time that workers spent on the evaluations of this run, summed over workers.
        state: How the sweep stands, for who watches it from elsewhere; else empty.
    """

    sweep_id: str
    brackets: tuple[tuple[RungProgress, ...], ...]
    computed: int
    restored: int
    best: BestSoFar | None
    workers: int
    epochs_done: int
    epochs_left: int
    trouble: str = ""
    busy_seconds: float = 0.0
    state: str = ""

    @property
    def seconds_left(self) -> float | None:
        """Time until the last evaluation if all workers stay busy; None before this run's first result."""
        if not self.epochs_done:
            return None
        return self.busy_seconds / self.epochs_done * self.epochs_left / max(1, self.workers)

    @property
    def evaluations(self) -> int:
        """Evaluations planned."""
        return sum(rung.trials for rungs in self.brackets for rung in rungs)

    @property
    def busy(self) -> int:
        """Workers that have an evaluation in hand."""
        return sum(rung.running for rungs in self.brackets for rung in rungs)


def take_stock(
    sweep_id: str, halvings: Sequence[Halving], *, running: set[Key], computed: Computed, workers: int
) -> Progress:
    """Return the progress that follows from the outcomes that brackets have been told.

    Args:
        sweep_id: The sweep.
        halvings: Its brackets, in the order in which they are opened.
        running: Trial and rung of each evaluation that has been handed out.
        computed: What this run computed.
        workers: How many workers there are, or 0.
    """
    busy = Counter((_bracket_of(halvings, trial), rung) for trial, rung in running)
    return Progress(
        sweep_id=sweep_id,
        brackets=tuple(_rungs(halving, busy) for halving in halvings),
        computed=computed.evaluations,
        restored=sum(len(told) for halving in halvings for told in halving.told) - computed.evaluations,
        best=min(_bests(halvings), key=lambda best: (-best.epochs, best.mean, best.trial), default=None),
        workers=workers,
        epochs_done=computed.epochs,
        epochs_left=sum(map(_epochs_left, halvings)),
        busy_seconds=computed.seconds,
    )


def _bracket_of(halvings: Sequence[Halving], trial: int) -> int:
    return next(halving.bracket.number for halving in halvings if trial in halving.bracket.trials)


def _rungs(halving: Halving, busy: Counter[tuple[int, int]]) -> tuple[RungProgress, ...]:
    number, rungs = halving.bracket.number, halving.bracket.rungs
    return tuple(
        RungProgress(rung.trials, rung.epochs, done=len(halving.told[i]), running=busy[number, i])
        for i, rung in enumerate(rungs)
    )


def _bests(halvings: Sequence[Halving]) -> Iterator[BestSoFar]:
    for halving in halvings:
        for rung, ranked in zip(halving.bracket.rungs, halving.ranked, strict=True):
            for mean, trial in ranked[:1]:
                yield BestSoFar(trial, rung.epochs, mean)


def _epochs_left(halving: Halving) -> int:
    bracket = halving.bracket
    return sum(halving.left(rung) * bracket.epochs_to_train(rung) for rung in range(len(bracket.rungs)))
