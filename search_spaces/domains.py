"""Domains: the sets that single hyperparameters are drawn from."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np  # a tenth of a second to import, and who only reads a space does without

__all__ = ["Choice", "Domain", "IntegerRange", "LogUniform", "Uniform", "Value"]

Value = float | int | str | bool


@dataclass(frozen=True)
class Uniform:
    """Real numbers in [low, high], drawn uniformly."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _require_order(self.low, self.high)

    def contains(self, value: object) -> bool:
        """Tell whether a value lies in the domain."""
        return _is_number(value) and self.low <= value <= self.high  # type: ignore[operator]  # a number by the test

    def sample(self, rng: "np.random.Generator") -> float:
        """Draw one value."""
        return float(rng.uniform(self.low, self.high))

    def lies_within(self, allows: Callable[[Value], bool]) -> bool:
        """Tell whether a rule that allows an interval allows all of it."""
        return allows(self.low) and allows(self.high)


@dataclass(frozen=True)
class LogUniform:
    """Real numbers in [low, high] with 0 < low, whose logarithm is drawn uniformly."""

    low: float
    high: float

    def __post_init__(self) -> None:
        _require_order(self.low, self.high)
        if self.low <= 0:
            raise ValueError(f"`0 < low` must hold for log_uniform, but got low={self.low}")

    def contains(self, value: object) -> bool:
        """Tell whether a value lies in the domain."""
        return _is_number(value) and self.low <= value <= self.high  # type: ignore[operator]  # a number by the test

    def sample(self, rng: "np.random.Generator") -> float:
        """Draw one value."""
        drawn = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        return min(max(drawn, self.low), self.high)

    def lies_within(self, allows: Callable[[Value], bool]) -> bool:
        """Tell whether a rule that allows an interval allows all of it."""
        return allows(self.low) and allows(self.high)


@dataclass(frozen=True)
class IntegerRange:
    """Whole numbers in [low, high], both included, drawn uniformly."""

    low: int
    high: int

    def __post_init__(self) -> None:
        _require_order(self.low, self.high)
        if not (isinstance(self.low, int) and isinstance(self.high, int)):
            raise ValueError(f"low and high must be whole numbers, but got low={self.low}, high={self.high}")

    def contains(self, value: object) -> bool:
        """Tell whether a value lies in the domain."""
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high

    def sample(self, rng: "np.random.Generator") -> int:
        """Draw one value."""
        return int(rng.integers(self.low, self.high, endpoint=True))

    def lies_within(self, allows: Callable[[Value], bool]) -> bool:
        """Tell whether a rule that allows an interval allows all of it."""
        return allows(self.low) and allows(self.high)


@dataclass(frozen=True)
class Choice:
    """One of a few values, each as likely as the others."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("a choice must have at least one value, but got none")
        if len(set(self.values)) < len(self.values):
            raise ValueError(f"the values of a choice must differ, but got {list(self.values)}")

    def contains(self, value: object) -> bool:
        """Tell whether a value is one of the choices."""
        return value in self.values

    def sample(self, rng: "np.random.Generator") -> Value:
        """Draw one value."""
        return self.values[int(rng.integers(len(self.values)))]

    def lies_within(self, allows: Callable[[Value], bool]) -> bool:
        """Tell whether every value is allowed."""
        return all(map(allows, self.values))


Domain = Uniform | LogUniform | IntegerRange | Choice


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require_order(low: float, high: float) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"`low <= high` must hold for finite numbers, but got low={low}, high={high}")
