"""Successive halving of one bracket: who enters each rung, who waits to be trained, and how each trial ends.

A rung is a barrier: once every trial that entered it has its outcome, the best go on to the next. Outcomes may come in
any order, and each is looked at a fixed number of times, however large the bracket.
"""

import heapq
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from sweeps.search.cross_validation import fold_mean
from sweeps.search.ladder import Bracket

__all__ = ["Ending", "Halving", "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What came of an evaluation: the objective of each fold, empty if it diverged or failed."""

    trial: int
    rung: int
    folds: tuple[float, ...]

    @property
    def mean(self) -> float | None:
        """Mean of the folds; None ranks after every number."""
        return fold_mean(self.folds) if self.folds else None


@dataclass(frozen=True)
class Ending:
    """The end of a trial: nothing more will be trained of it.

    Attributes:
        last: Its outcome at the last rung that it entered.
        place: If others went on from there in its stead, its place among them all, from 1; else None.
    """

    last: Outcome
    place: int | None = None

    @property
    def at_top(self) -> bool:
        """Tell whether the trial was scored at the top rung."""
        return self.place is None and self.last.mean is not None


@dataclass
class Halving:
    """One bracket and what is known of it.

    Attributes:
        bracket: How many trials enter which rungs.
        told: The outcomes, by rung and trial.
        ranked: Mean and trial of each outcome that was scored, by rung, the best first, ties by trial.
        entrants: The trials that enter each rung, as far as barriers have been reached. Trials that diverged or failed
            never go on, so a rung may get fewer trials than planned.
    """

    bracket: Bracket
    told: list[dict[int, Outcome]] = field(init=False)
    ranked: list[list[tuple[float, int]]] = field(init=False)
    entrants: list[Sequence[int]] = field(default_factory=list, init=False)
    _missing: set[int] = field(init=False)
    _waiting: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.told = [{} for _ in self.bracket.rungs]
        self.ranked = [[] for _ in self.bracket.rungs]
        self._enter(self.bracket.trials)

    def tell(self, outcome: Outcome) -> list[Ending]:
        """Take in an outcome, pass the barriers that fall with it, and return the endings that are certain by it.

        Raises:
            ValueError: Another outcome of the same evaluation is already known.
        """
        self._note(outcome)
        if outcome.rung != self.rung or outcome.trial not in self._missing:
            return []
        self._missing.remove(outcome.trial)
        endings = self._endings([outcome])
        while not self._missing and not self.at_top:
            endings += self._promote()
        return endings

    def take(self) -> int | None:
        """Return the first trial that waits to be brought to the present rung, or None; it waits no more."""
        while self._waiting:
            trial = heapq.heappop(self._waiting)
            if trial in self._missing:  # else it was told without having been taken
                return trial
        return None

    def put_back(self, trial: int) -> None:
        """Let a trial wait again that was taken."""
        if trial not in self._waiting:
            heapq.heappush(self._waiting, trial)

    @property
    def waiting(self) -> int:
        """How many trials wait to be brought to the present rung."""
        return sum(trial in self._missing for trial in self._waiting)

    @property
    def rung(self) -> int:
        """The present rung: the highest whose entrants are known, and the only one that evaluations are missing of."""
        return len(self.entrants) - 1

    @property
    def at_top(self) -> bool:
        """Tell whether the entrants of every rung are known."""
        return len(self.entrants) == len(self.bracket.rungs)

    @property
    def complete(self) -> bool:
        """Tell whether every evaluation that will ever be has its outcome."""
        return self.at_top and not self._missing

    def heads_known(self, lag: int) -> bool:
        """Tell whether the first rung is known but for its last `lag` trials."""
        trials = self.bracket.trials
        # The last of the heads are the likeliest to be missing.
        return all(trial in self.told[0] for trial in reversed(trials[: max(0, len(trials) - lag)]))

    @property
    def outcomes(self) -> list[Outcome]:
        """The outcomes of a complete bracket, by rung and trial."""
        return self._outcomes_of(self.entrants)

    @property
    def outcomes_below_top(self) -> list[Outcome]:
        """The outcomes below the top rung of a bracket that is `at_top`, by rung and trial."""
        return self._outcomes_of(self.entrants[:-1])

    @property
    def epochs(self) -> int:
        """Epochs that the present rung brings its trials to."""
        return self.bracket.rungs[self.rung].epochs

    @property
    def epochs_before(self) -> int:
        """Epochs that the trials at the present rung were trained for below it."""
        return self.bracket.rungs[self.rung - 1].epochs if self.rung else 0

    def left(self, rung: int) -> int:
        """Return how many outcomes of a rung are still to come; the plan's number until its entrants are known."""
        if rung > self.rung:
            return max(0, self.bracket.rungs[rung].trials - len(self.told[rung]))
        return len(self._missing) if rung == self.rung else 0

    def _outcomes_of(self, entrants: Sequence[Sequence[int]]) -> list[Outcome]:
        return [self.told[rung][trial] for rung, trials in enumerate(entrants) for trial in trials]

    def _note(self, outcome: Outcome) -> None:
        told, trial, mean = self.told[outcome.rung], outcome.trial, outcome.mean
        if trial not in told and mean is not None:
            insort(self.ranked[outcome.rung], (mean, trial))
        if told.setdefault(trial, outcome) != outcome:
            raise ValueError(f"an evaluation has one outcome, but trial {trial} at rung {outcome.rung} was told two")

    def _enter(self, trials: Sequence[int]) -> list[Ending]:
        self.entrants.append(trials)
        told = self.told[self.rung]
        self._missing = {trial for trial in trials if trial not in told}
        self._waiting = sorted(self._missing)
        return self._endings([told[trial] for trial in trials if trial in told])

    def _endings(self, outcomes: Sequence[Outcome]) -> list[Ending]:
        return [Ending(outcome) for outcome in outcomes if outcome.mean is None or self.at_top]

    def _promote(self) -> list[Ending]:
        told, entrants = self.told[self.rung], set(self.entrants[self.rung])
        places = self.bracket.rungs[self.rung + 1].trials
        ranked = [trial for _, trial in self.ranked[self.rung] if trial in entrants]
        stopped = [Ending(told[trial], place) for place, trial in enumerate(ranked[places:], places + 1)]
        return stopped + self._enter(sorted(ranked[:places]))
