"""A search space: named hyperparameters with their domains, some of which exist only under a condition."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from search_spaces.domains import Choice, Domain, Value

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Condition", "Dimension", "SearchSpace"]


@dataclass(frozen=True)
class Condition:
    """`when: {parent: value}`: the dimension exists only where the parent has this value."""

    parent: str
    value: Value


@dataclass(frozen=True)
class Dimension:
    """One searched hyperparameter."""

    name: str
    domain: Domain
    when: Condition | None = None


@dataclass(frozen=True)
class SearchSpace:
    """Dimensions in an order in which every parent of a condition comes before its children.

    Raises:
        ValueError: A condition names a parent that is no `Choice`, comes later, or lacks the value.
    """

    dimensions: tuple[Dimension, ...]

    def __post_init__(self) -> None:
        seen: dict[str, Dimension] = {}
        for dimension in self.dimensions:
            if dimension.when is not None:
                _check_condition(dimension, seen)
            seen[dimension.name] = dimension
        if len(seen) < len(self.dimensions):
            raise ValueError("every hyperparameter must be named once in a space")

    def __iter__(self) -> Iterator[Dimension]:
        return iter(self.dimensions)

    def __len__(self) -> int:
        return len(self.dimensions)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the searched hyperparameters."""
        return tuple(dimension.name for dimension in self.dimensions)

    def sample(self, rng: "np.random.Generator") -> dict[str, Value]:
        """Draw one configuration; hyperparameters whose condition does not hold are absent."""
        drawn: dict[str, Value] = {}
        for dimension in self.dimensions:
            if is_active(dimension, drawn):
                drawn[dimension.name] = dimension.domain.sample(rng)
        return drawn

    def contains(self, configuration: Mapping[str, Value]) -> bool:
        """Tell whether a configuration has just the active hyperparameters, each inside its domain."""
        active = {d.name: d.domain for d in self.dimensions if is_active(d, configuration)}
        return set(active) == set(configuration) and all(
            domain.contains(configuration[name]) for name, domain in active.items()
        )


def is_active(dimension: Dimension, configuration: Mapping[str, Value]) -> bool:
    """Tell whether a dimension exists beside the values drawn so far."""
    return dimension.when is None or configuration.get(dimension.when.parent) == dimension.when.value


def _check_condition(dimension: Dimension, before: Mapping[str, Dimension]) -> None:
    assert dimension.when is not None
    parent = before.get(dimension.when.parent)
    if parent is None:
        raise ValueError(
            f"`when` of {dimension.name} must name a hyperparameter listed above it, but got {dimension.when.parent!r}"
        )
    if not isinstance(parent.domain, Choice) or not parent.domain.contains(dimension.when.value):
        raise ValueError(
            f"`when` of {dimension.name} must name a value of the choice {parent.name}, "
            f"but got {dimension.when.value!r}"
        )
