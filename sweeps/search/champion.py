"""Who won, and which plainer configuration is as good within one standard error."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from search_spaces.domains import Domain, IntegerRange, LogUniform, Uniform
from search_spaces.space import SearchSpace
from sweeps.search.cross_validation import fold_mean, standard_error
from sweeps.search.proposer import Configuration

__all__ = ["Finalist", "Verdict", "departure_from_neutral", "select_champion"]


@dataclass(frozen=True)
class Finalist:
    """A trial that was measured at the top rung: all folds, all epochs."""

    trial: int
    configuration: Configuration
    folds: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean of the objective over the folds."""
        return fold_mean(self.folds)

    @property
    def standard_error(self) -> float:
        """Nadeau and Bengio's standard error of that mean."""
        return standard_error(self.folds)


@dataclass(frozen=True)
class Verdict:
    """The outcome of a sweep.

    Attributes:
        champion: The finalist with the lowest mean, ties by trial number.
        plainest: The finalist nearest to the model's neutral form among those within one standard error of the champion
            (the 1-SE rule of Breiman et al. 1984, §3.4.3); often the champion itself.
    """

    champion: Finalist
    plainest: Finalist


def select_champion(finalists: Iterable[Finalist], space: SearchSpace, neutral: Mapping[str, float]) -> Verdict | None:
    """Return who won, or None if nobody reached the top rung.

    Args:
        finalists: All trials measured at the top rung.
        space: What was searched.
        neutral: The value of each searched loss weight at which the model is its plain form.
    """
    ranked = sorted(finalists, key=lambda finalist: (finalist.mean, finalist.trial))
    if not ranked:
        return None
    champion = ranked[0]
    equals = [f for f in ranked if f.mean <= champion.mean + champion.standard_error]
    plainest = min(equals, key=lambda f: (departure_from_neutral(f.configuration, space, neutral), f.mean, f.trial))
    return Verdict(champion, plainest)


def departure_from_neutral(configuration: Configuration, space: SearchSpace, neutral: Mapping[str, float]) -> float:
    """Return how far the searched loss weights are from their neutral values, in [0, 1], mean over the weights.

    Each is measured on the scale that its domain is drawn on, as a share of the domain's width; a neutral value outside
    the domain counts as the nearer end.
    """
    shares = [
        abs(_position(d.domain, float(configuration[d.name])) - _position(d.domain, neutral[d.name]))
        for d in space
        if d.name in neutral and d.name in configuration and isinstance(d.domain, Uniform | LogUniform | IntegerRange)
    ]
    return math.fsum(shares) / len(shares) if shares else 0.0


def _position(domain: Domain, value: float) -> float:
    assert isinstance(domain, Uniform | LogUniform | IntegerRange)
    inside = min(max(value, domain.low), domain.high)
    if domain.low == domain.high:
        return 0.0
    if isinstance(domain, LogUniform):
        return math.log(inside / domain.low) / math.log(domain.high / domain.low)
    return (inside - domain.low) / (domain.high - domain.low)
