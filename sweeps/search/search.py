"""Ask and tell: what to evaluate next, and what is decided, from the ladder and the outcomes alone.

Outcomes may arrive in any order and from any number of workers; the trials drawn, the promotions and the champion do
not depend on it. Two rules see to that:

* Promotions happen at rung barriers, when every trial of the rung has its outcome.
* A bracket is drawn from results that are certain to be known by then: of the last bracket its first rung without the
  final `lag` trials, of the one before all but its top rung, and every result of those before. What it does not wait
  for keeps workers busy that would otherwise stand at a barrier.

Evaluations of the earliest bracket are handed out first, since the next brackets wait for them; when few are left,
those are with which the sweep should end soonest (`lookahead`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sweeps.search.halving import Ending, Halving, Outcome
from sweeps.search.ladder import Bracket, Ladder
from sweeps.search.lookahead import Timetable, drawable, soonest_first
from sweeps.search.proposer import Configuration, Observation, Proposer

__all__ = ["Ending", "Evaluation", "Outcome", "Search"]


@dataclass(frozen=True)
class Evaluation:
    """A unit of work: one trial to be brought to one rung."""

    trial: int
    bracket: int
    rung: int
    epochs: int
    configuration: Configuration


@dataclass
class Search:
    """The state of a search: a fold over its outcomes.

    Attributes:
        ladder: Which trials meet which rungs.
        proposer: Where configurations come from.
        lag: How many trials of a bracket's first rung the next bracket does not wait for.
        halvings: What is known of each bracket.
    """

    ladder: Ladder
    proposer: Proposer
    lag: int
    halvings: tuple[Halving, ...] = field(init=False)
    _configurations: dict[int, Configuration] = field(default_factory=dict, init=False)
    _drawn: int = field(default=0, init=False)
    _timetable: Timetable = field(default_factory=Timetable, init=False)

    def __post_init__(self) -> None:
        self.halvings = tuple(map(Halving, self.ladder))
        self._draw()

    def ask(self) -> Evaluation | None:
        """Return the next evaluation to start, or None while nothing can start before an outcome arrives."""
        for halving in soonest_first(self.halvings, self._drawn, self.lag, self._timetable):
            trial = halving.take()
            if trial is not None:
                bracket, rung = halving.bracket, halving.rung
                self._timetable.begin((trial, rung), bracket.number, halving.epochs - halving.epochs_before)
                return Evaluation(trial, bracket.number, rung, halving.epochs, self._configurations[trial])
        return None

    def take_back(self, evaluation: Evaluation) -> None:
        """Offer an evaluation again that was handed out and came to no end: its worker died."""
        self._timetable.end((evaluation.trial, evaluation.rung))
        self.halvings[evaluation.bracket].put_back(evaluation.trial)

    def tell(self, outcome: Outcome) -> list[Ending]:
        """Take in an outcome, asked for or found from an earlier run, and return the endings that are certain by it.

        Raises:
            KeyError: The ladder has no such trial.
            ValueError: Another outcome of the same evaluation is already known.
        """
        endings = self.halvings[self.ladder.bracket_of(outcome.trial).number].tell(outcome)
        self._timetable.end((outcome.trial, outcome.rung))
        self._draw()
        return endings

    @property
    def finished(self) -> bool:
        """Tell whether every evaluation that will ever be has its outcome."""
        return self._drawn == len(self.halvings) and all(halving.complete for halving in self._active)

    @property
    def ready(self) -> bool:
        """Tell whether an evaluation can start now."""
        return any(halving.waiting for halving in self._active)

    @property
    def expects_more(self) -> bool:
        """Tell whether outcomes still to come may make evaluations ready that are not ready yet."""
        return self._drawn < len(self.halvings) or any(not halving.at_top for halving in self._active)

    @property
    def outcomes(self) -> list[Outcome]:
        """All outcomes, by trial and rung."""
        known = [outcome for halving in self.halvings for told in halving.told for outcome in told.values()]
        return sorted(known, key=lambda outcome: (outcome.trial, outcome.rung))

    def configuration(self, trial: int) -> Configuration | None:
        """Return a trial's configuration, or None while it is not certain yet."""
        return self._configurations.get(trial)

    def entrants(self, bracket: Bracket, rung: int) -> Sequence[int] | None:
        """Return the trials that enter a rung, by number, or None before the barrier below it has been reached."""
        known = self.halvings[bracket.number].entrants
        return known[rung] if rung < len(known) else None

    @property
    def _active(self) -> Sequence[Halving]:
        """The brackets with work in them: when one is drawn, all but the two before it are complete."""
        return self.halvings[max(0, self._drawn - 3) : self._drawn]

    def _draw(self) -> None:
        """Draw the configurations of every bracket whose observations are certain by now."""
        while self._drawn < len(self.halvings) and (certain := self._certain(self._drawn)) is not None:
            observations = [self._observation(outcome) for outcome in certain]
            for position, trial in enumerate(self.ladder.brackets[self._drawn].trials):
                self._configurations[trial] = self.proposer.propose(trial, position, observations)
            self._drawn += 1

    def _certain(self, number: int) -> list[Outcome] | None:
        """Return the outcomes that a bracket is drawn from, in a fixed order, or None until all of them are known."""
        if not drawable(self.halvings, number, self.lag):
            return None
        complete, climbing = self.halvings[: max(0, number - 2)], self.halvings[max(0, number - 2) : max(0, number - 1)]
        known = [outcome for halving in complete for outcome in halving.outcomes]
        known += [outcome for halving in climbing for outcome in halving.outcomes_below_top]
        for halving in self.halvings[max(0, number - 1) : number]:
            known += [halving.told[0][trial] for trial in halving.bracket.trials[: -self.lag or None]]
        return known

    def _observation(self, outcome: Outcome) -> Observation:
        bracket = self.ladder.bracket_of(outcome.trial)
        return Observation(self._configurations[outcome.trial], bracket.rungs[outcome.rung].epochs, outcome.mean)
