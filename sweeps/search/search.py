"""Ask and tell: what to evaluate next, and what is decided, from the ladder and the outcomes alone.

Outcomes may arrive in any order and from any number of workers; the trials drawn, the promotions and the champion do
not depend on it. Two rules see to that:

* Promotions happen at rung barriers, when every trial of the rung has its outcome.
* A bracket is drawn from results that are certain to be known by then: every result of the brackets before the last
  one, and of the last one its first rung without the final `lag` trials. Those `lag` evaluations, and the higher rungs,
  keep workers busy that would otherwise wait for the barrier.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sweeps.search.cross_validation import fold_mean
from sweeps.search.ladder import Bracket, Ladder
from sweeps.search.proposer import Configuration, Observation, Proposer

__all__ = ["Evaluation", "Outcome", "Search"]

Key = tuple[int, int]
"""A trial and a rung."""


@dataclass(frozen=True)
class Evaluation:
    """A unit of work: one trial to be brought to one rung."""

    trial: int
    bracket: int
    rung: int
    epochs: int
    configuration: Configuration


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


@dataclass
class Search:
    """The state of a search: a fold over its outcomes.

    Attributes:
        ladder: Which trials meet which rungs.
        proposer: Where configurations come from.
        lag: How many trials of a bracket's first rung the next bracket does not wait for.
    """

    ladder: Ladder
    proposer: Proposer
    lag: int
    _outcomes: dict[Key, Outcome] = field(default_factory=dict, init=False)
    _handed_out: set[Key] = field(default_factory=set, init=False)
    _configurations: dict[int, Configuration] = field(default_factory=dict, init=False)

    def ask(self) -> Evaluation | None:
        """Return the next evaluation to start, or None while nothing can start before an outcome arrives."""
        for evaluation in self._ready():
            key = (evaluation.trial, evaluation.rung)
            if key not in self._handed_out and key not in self._outcomes:
                self._handed_out.add(key)
                return evaluation
        return None

    def take_back(self, evaluation: Evaluation) -> None:
        """Offer an evaluation again that was handed out and came to no end: its worker died."""
        self._handed_out.discard((evaluation.trial, evaluation.rung))

    def tell(self, outcome: Outcome) -> None:
        """Take in an outcome, asked for or found from an earlier run.

        Raises:
            ValueError: Another outcome of the same evaluation is already known.
        """
        key = (outcome.trial, outcome.rung)
        if self._outcomes.setdefault(key, outcome) != outcome:
            raise ValueError(f"an evaluation has one outcome, but trial {key[0]} at rung {key[1]} was told two")
        self._handed_out.discard(key)

    @property
    def finished(self) -> bool:
        """Tell whether every evaluation that will ever be has its outcome."""
        return all(self._is_complete(bracket) for bracket in self.ladder)

    @property
    def expects_more(self) -> bool:
        """Tell whether outcomes still to come may make evaluations ready that are not ready yet."""
        return any(
            not self._is_open(bracket)
            or any(self.entrants(bracket, rung) is None for rung in range(len(bracket.rungs)))
            for bracket in self.ladder
        )

    @property
    def outcomes(self) -> list[Outcome]:
        """All outcomes, by trial and rung."""
        return [self._outcomes[key] for key in sorted(self._outcomes)]

    def configuration(self, trial: int) -> Configuration | None:
        """Return a trial's configuration, or None while it is not certain yet."""
        bracket = self.ladder.bracket_of(trial)
        return self._propose(bracket, trial) if self._is_open(bracket) else None

    def entrants(self, bracket: Bracket, rung: int) -> Sequence[int] | None:
        """Return the trials that enter a rung, or None before the barrier below it has been reached.

        The best of the rung below are promoted, ties by trial number. Trials that diverged or failed never are, so a
        rung may get fewer trials than planned.
        """
        if rung == 0:
            return bracket.trials
        below = self._outcomes_of(bracket, rung - 1)
        if below is None:
            return None
        ranked = sorted((o.mean, o.trial) for o in below if o.mean is not None)
        return sorted(trial for _, trial in ranked[: bracket.rungs[rung].trials])

    def is_decided(self, trial: int) -> bool:
        """Tell whether nothing more will be trained of a trial."""
        bracket = self.ladder.bracket_of(trial)
        for rung in range(len(bracket.rungs)):
            entrants = self.entrants(bracket, rung)
            if entrants is None:
                return self._outcomes[trial, rung - 1].mean is None
            if trial not in entrants:
                return True
            if (trial, rung) not in self._outcomes:
                return False
        return True

    def _ready(self) -> Iterator[Evaluation]:
        for bracket in self.ladder:
            if not self._is_open(bracket):
                return
            for rung, step in enumerate(bracket.rungs):
                for trial in self.entrants(bracket, rung) or ():
                    yield Evaluation(trial, bracket.number, rung, step.epochs, self._propose(bracket, trial))

    def _is_open(self, bracket: Bracket) -> bool:
        return bracket.first_trial in self._configurations or self._certain(bracket) is not None

    def _is_complete(self, bracket: Bracket) -> bool:
        return all(self._outcomes_of(bracket, rung) is not None for rung in range(len(bracket.rungs)))

    def _outcomes_of(self, bracket: Bracket, rung: int) -> list[Outcome] | None:
        entrants = self.entrants(bracket, rung)
        if entrants is None or any((trial, rung) not in self._outcomes for trial in entrants):
            return None
        return [self._outcomes[trial, rung] for trial in entrants]

    def _certain(self, bracket: Bracket) -> list[Outcome] | None:
        """Return the outcomes that a bracket is drawn from, in a fixed order, or None until all of them are known."""
        certain: list[Outcome] = []
        for earlier in self.ladder.brackets[: max(0, bracket.number - 1)]:
            for rung in range(len(earlier.rungs)):
                outcomes = self._outcomes_of(earlier, rung)
                if outcomes is None:
                    return None
                certain += outcomes
        if bracket.number > 0:
            trials = self.ladder.brackets[bracket.number - 1].trials
            keys = [(trial, 0) for trial in trials[: max(0, len(trials) - self.lag)]]
            if any(key not in self._outcomes for key in keys):
                return None
            certain += [self._outcomes[key] for key in keys]
        return certain

    def _propose(self, bracket: Bracket, trial: int) -> Configuration:
        if trial not in self._configurations:
            certain = self._certain(bracket) or []
            observations = [self._observation(outcome) for outcome in certain]
            for position, number in enumerate(bracket.trials):
                self._configurations[number] = self.proposer.propose(number, position, observations)
        return self._configurations[trial]

    def _observation(self, outcome: Outcome) -> Observation:
        bracket = self.ladder.bracket_of(outcome.trial)
        configuration = self._propose(bracket, outcome.trial)
        return Observation(configuration, bracket.rungs[outcome.rung].epochs, outcome.mean)
