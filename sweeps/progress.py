"""What is going on in a sweep, as one value that views draw: brackets, rungs, the best so far, time left."""

from dataclasses import dataclass

from sweeps.search.ladder import Ladder
from sweeps.search.search import Search

__all__ = ["BestSoFar", "Progress", "RungProgress", "take_stock"]

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
class Progress:
    """A sweep at one moment.

    Attributes:
        sweep_id: The sweep.
        brackets: Rungs of each bracket.
        computed: Evaluations computed by this run.
        restored: Evaluations found from earlier runs.
        best: The best so far.
        workers: How many workers there are.
        epochs_done: Epochs of one fold trained by this run.
        epochs_left: Epochs of one fold still to be trained.
        trouble: What the record suffers from, or empty.
        busy_seconds: Time that workers spent on the evaluations of this run, summed over workers.
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

    @property
    def seconds_left(self) -> float | None:
        """Time until the last evaluation if all workers stay busy; None before this run's first result."""
        if not self.epochs_done:
            return None
        return self.busy_seconds / self.epochs_done * self.epochs_left / self.workers

    @property
    def evaluations(self) -> int:
        """Evaluations planned."""
        return sum(rung.trials for rungs in self.brackets for rung in rungs)

    @property
    def busy(self) -> int:
        """Workers that are training; evaluations handed out beyond that wait for one."""
        return min(self.workers, sum(rung.running for rungs in self.brackets for rung in rungs))


def take_stock(sweep_id: str, search: Search, *, running: set[Key], computed: set[Key], workers: int) -> Progress:
    """Return the progress that follows from a search's outcomes.

    Args:
        sweep_id: The sweep.
        search: Its search.
        running: Trial and rung of each evaluation that has been handed out.
        computed: Trial and rung of each evaluation that this run computed.
        workers: How many workers there are.
    """
    done = {(outcome.trial, outcome.rung) for outcome in search.outcomes}
    brackets = tuple(
        tuple(
            RungProgress(
                trials=rung.trials,
                epochs=rung.epochs,
                done=sum((trial, number) in done for trial in bracket.trials),
                running=sum((trial, number) in running for trial in bracket.trials),
            )
            for number, rung in enumerate(bracket.rungs)
        )
        for bracket in search.ladder
    )
    left = search.ladder.epochs - sum(_cost(search.ladder, trial, rung) for trial, rung in done)
    return Progress(
        sweep_id=sweep_id,
        brackets=brackets,
        computed=len(computed),
        restored=len(done) - len(computed),
        best=_best(search),
        workers=workers,
        epochs_done=sum(_cost(search.ladder, trial, rung) for trial, rung in computed),
        epochs_left=left,
    )


def _cost(ladder: Ladder, trial: int, rung: int) -> int:
    rungs = ladder.bracket_of(trial).rungs
    return rungs[rung].epochs - (rungs[rung - 1].epochs if rung else 0)


def _best(search: Search) -> BestSoFar | None:
    scored = [
        BestSoFar(outcome.trial, search.ladder.bracket_of(outcome.trial).rungs[outcome.rung].epochs, outcome.mean)
        for outcome in search.outcomes
        if outcome.mean is not None
    ]
    return min(scored, key=lambda best: (-best.epochs, best.mean, best.trial), default=None)
