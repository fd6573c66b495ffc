"""Rungs and brackets of Hyperband, in whole numbers (Li et al. 2018, 1603.06560, Algorithm 1).

With R = max_epochs and s_max = log_eta R, bracket s starts n = ceil((s_max + 1) * eta^s / (s + 1)) trials at R * eta^-s
epochs; each rung keeps floor(n_i / eta) of its trials and trains them eta times as long, until R. The brackets come
from the most aggressive (s = s_max) to s = 0, which is plain random search.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["Bracket", "Ladder", "Rung", "build_ladder", "integer_log", "nearest_power"]


@dataclass(frozen=True)
class Rung:
    """A fidelity and how many trials reach it.

    Attributes:
        trials: Trials that are evaluated here.
        epochs: Epochs that each has been trained for, in all, when it is scored here.
    """

    trials: int
    epochs: int


@dataclass(frozen=True)
class Bracket:
    """A run of successive halving.

    Attributes:
        number: From 0, in the order in which brackets are opened.
        first_trial: Number of its first trial; its trials are numbered without gaps.
        rungs: From the cheapest to the dearest.
    """

    number: int
    first_trial: int
    rungs: tuple[Rung, ...]

    @property
    def trials(self) -> range:
        """Numbers of its trials."""
        return range(self.first_trial, self.first_trial + self.rungs[0].trials)

    def epochs_to_train(self, rung: int) -> int:
        """Return the epochs that a trial is trained for to come to a rung from the one below."""
        return self.rungs[rung].epochs - (self.rungs[rung - 1].epochs if rung else 0)


@dataclass(frozen=True)
class Ladder:
    """All brackets of a sweep, in the order in which they are opened."""

    brackets: tuple[Bracket, ...]

    def __iter__(self) -> Iterator[Bracket]:
        return iter(self.brackets)

    @property
    def trials(self) -> int:
        """Configurations that will be drawn."""
        return sum(len(bracket.trials) for bracket in self.brackets)

    @property
    def evaluations(self) -> int:
        """Trials brought to a rung, over all rungs."""
        return sum(rung.trials for bracket in self.brackets for rung in bracket.rungs)

    @property
    def epochs(self) -> int:
        """Epochs trained for one fold; a promoted trial continues and pays only the difference."""
        return sum(_epochs(bracket) for bracket in self.brackets)

    def holds(self, trial: int, rung: int) -> bool:
        """Tell whether there is such a trial, and such a rung in its bracket."""
        return trial in range(self.trials) and rung in range(len(self.bracket_of(trial).rungs))

    def bracket_of(self, trial: int) -> Bracket:
        """Return the bracket that a trial belongs to.

        Raises:
            KeyError: The ladder has no such trial.
        """
        bracket = self.brackets[bisect_right(self.brackets, trial, key=lambda bracket: bracket.first_trial) - 1]
        if trial not in bracket.trials:
            raise KeyError(trial)
        return bracket


def build_ladder(max_epochs: int, eta: int, iterations: int = 1) -> Ladder:
    """Return Hyperband's brackets, the whole set repeated `iterations` times.

    Raises:
        ValueError: `max_epochs` is no power of `eta`, or a number is out of range.
    """
    if iterations < 1:
        raise ValueError(f"`iterations >= 1` must hold, but got iterations={iterations}")
    s_max = integer_log(max_epochs, eta)
    tables = [_rungs(s, s_max, eta) for _ in range(iterations) for s in range(s_max, -1, -1)]
    starts = accumulate((table[0].trials for table in tables), initial=0)
    return Ladder(tuple(Bracket(i, start, table) for i, (start, table) in enumerate(zip(starts, tables, strict=False))))


def integer_log(value: int, base: int) -> int:
    """Return s with base^s = value, exactly: floating-point logarithms make log_3 243 less than 5.

    Raises:
        ValueError: `value` is no power of `base`.
    """
    if base < 2 or value < 1:
        raise ValueError(f"`eta >= 2` and `max_epochs >= 1` must hold, but got eta={base}, max_epochs={value}")
    exponent, power = 0, 1
    while power < value:
        exponent, power = exponent + 1, power * base
    if power != value:
        raise ValueError(f"max_epochs must be a power of eta, but got max_epochs={value}, eta={base}")
    return exponent


def _rungs(s: int, s_max: int, eta: int) -> tuple[Rung, ...]:
    n = -(-(s_max + 1) * eta**s // (s + 1))
    return tuple(Rung(trials=n // eta**i, epochs=eta ** (s_max - s + i)) for i in range(s + 1))


def _epochs(bracket: Bracket) -> int:
    return sum(rung.trials * bracket.epochs_to_train(i) for i, rung in enumerate(bracket.rungs))


def nearest_power(epochs: int, eta: int) -> int:
    """Return the power of eta that is nearest to a number of epochs by its ratio, the lower one of two as near.

    A ladder grows by factors: 100 epochs are nearer to 81 than to 243, and 50 nearer to 81 than to 27.
    """
    below = 1
    while below * eta <= epochs:
        below *= eta
    return below if epochs * epochs <= below * below * eta else below * eta
