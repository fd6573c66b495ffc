"""Workers that take time and finish in any order, without processes or clocks: a search is run on numbers alone."""

import hashlib
import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from search_spaces.domains import LogUniform
from search_spaces.space import Dimension, SearchSpace
from sweeps.search.champion import Finalist, Verdict, select_champion
from sweeps.search.ladder import Ladder
from sweeps.search.proposer import Configuration, Observation
from sweeps.search.search import Evaluation, Outcome, Search

__all__ = [
    "SPACE",
    "Order",
    "Run",
    "TellingProposer",
    "earliest_bracket_first",
    "longest_first",
    "outcome_of",
    "simulate",
    "verdict_of",
]

SPACE = SearchSpace((Dimension("beta", LogUniform(0.1, 10.0)),))


@dataclass
class TellingProposer:
    """Draws each configuration from everything it is shown, so that one leaked result changes all that follow."""

    shown: dict[int, list[Observation]] = field(default_factory=dict)

    def propose(self, trial: int, position: int, observations: Sequence[Observation]) -> Configuration:
        """Return a configuration that depends on every argument."""
        self.shown[trial] = list(observations)
        return {"beta": 0.1 + 9.9 * _share(trial, position, *map(repr, observations))}


@dataclass
class Run:
    """What happened.

    Attributes:
        search: The search as it ended.
        handed_out: Trial and rung of each evaluation, in the order in which workers took them.
        busy: Time that workers worked, summed.
        makespan: When the last one finished.
    """

    search: Search
    handed_out: list[tuple[int, int]] = field(default_factory=list)
    busy: float = 0.0
    makespan: float = 0.0


def simulate(
    search: Search,
    workers: int,
    duration: Callable[[Evaluation], float],
    *,
    killed_after: int | None = None,
    ask: Callable[[], Evaluation | None] | None = None,
) -> Run:
    """Let workers take and finish evaluations until nothing is left, or until so many are finished.

    Args:
        search: Says what is ready and hears the outcomes.
        workers: How many there are.
        duration: How long an evaluation takes.
        killed_after: Evaluations that are finished when everything ends; None for no such end.
        ask: Gives the next evaluation; None asks the search.
    """
    run, clock, working = Run(search), 0.0, list[tuple[float, int, Evaluation]]()
    finished = 0
    while finished != killed_after:
        while len(working) < workers and (evaluation := (ask or search.ask)()) is not None:
            seconds = duration(evaluation)
            run.handed_out.append((evaluation.trial, evaluation.rung))
            run.busy += seconds
            heapq.heappush(working, (clock + seconds, len(run.handed_out), evaluation))
        if not working:
            break
        clock, _, evaluation = heapq.heappop(working)
        search.tell(outcome_of(evaluation))
        finished += 1
    run.makespan = clock
    return run


Ask = Callable[[], Evaluation | None]
Order = Callable[[Search, Callable[[Evaluation], float]], Ask]
"""Turns a search and the durations of its evaluations into what hands them out."""


def longest_first(search: Search, duration: Callable[[Evaluation], float]) -> Ask:
    """Return what hands out the longest of all evaluations that are ready, ties by trial."""
    return _in_order(search, lambda evaluation: (-duration(evaluation), evaluation.trial))


def earliest_bracket_first(search: Search, duration: Callable[[Evaluation], float]) -> Ask:
    """Return what hands out the evaluation of the lowest trial."""
    return _in_order(search, lambda evaluation: (0.0, evaluation.trial))


def _in_order(search: Search, key: Callable[[Evaluation], tuple[float, int]]) -> Ask:
    ready: list[Evaluation] = []

    def ask() -> Evaluation | None:
        ready.extend(iter(search.ask, None))
        ready.sort(key=key)
        return ready.pop(0) if ready else None

    return ask


def outcome_of(evaluation: Evaluation) -> Outcome:
    """Return what comes of an evaluation, by its configuration and epochs alone: one in six diverges, many tie."""
    share = _share(evaluation.trial, evaluation.rung, repr(evaluation.configuration))
    if share < 1 / 6:
        return Outcome(evaluation.trial, evaluation.rung, ())
    level = round(10 * share) + 1 / evaluation.epochs
    return Outcome(evaluation.trial, evaluation.rung, (level - 0.5, level + 0.5))


def verdict_of(search: Search, ladder: Ladder) -> Verdict | None:
    """Return who won among the trials at the top rung."""
    top = max(rung.epochs for bracket in ladder for rung in bracket.rungs)
    finalists = [
        Finalist(outcome.trial, search.configuration(outcome.trial) or {}, outcome.folds)
        for outcome in search.outcomes
        if outcome.folds and ladder.bracket_of(outcome.trial).rungs[outcome.rung].epochs == top
    ]
    return select_champion(finalists, SPACE, {"beta": 1.0})


def _share(*key: object) -> float:
    """Return a number in [0, 1) that only depends on the key."""
    return random.Random(hashlib.sha256(repr(key).encode()).digest()).random()
