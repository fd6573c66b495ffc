"""What one hyperparameter may be, and how a dataclass declares it; knows no torch."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field
from typing import Any

__all__ = ["Condition", "Rule", "Value", "choice", "in_a_spec", "number", "rule_of"]

Value = float | int | str | bool

Condition = tuple[str, Value]
"""Another hyperparameter's name and a value of it."""


@dataclass(frozen=True)
class Rule:
    """What one hyperparameter may be.

    Attributes:
        name: Its name in specs.
        kind: `float`, `int`, `str` or `bool`.
        default: The value when a spec does not say.
        meaning: One line for people.
        low: Smallest value allowed, inclusive; None for `str` and `bool`.
        high: Largest value allowed, inclusive; None for `str` and `bool`.
        choices: The values allowed, for `str` and `bool`.
        weight: True if it weighs a term of the training loss, which then cannot be compared between configurations.
        neutral: The value at which its term vanishes or the model reduces to its plain form; None if there is none.
        when: Where it has an effect: where one of these conditions holds; without any, everywhere.
        unless: Where it has none all the same: where one of these conditions holds.
    """

    name: str
    kind: type
    default: Value
    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[Value, ...] = ()
    weight: bool = False
    neutral: float | None = None
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()

    def allows(self, value: object) -> bool:
        """Tell whether a value has the right type and lies in the range."""
        if self.kind is float:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and self.low <= value <= self.high  # type: ignore[operator]  # numbers by the line above
        if self.kind is int:
            return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high  # type: ignore[operator]  # as above
        return type(value) is self.kind and value in self.choices

    def matters(self, values: Mapping[str, Value]) -> bool:
        """Tell whether it has any effect beside the values of all hyperparameters."""
        asked_for = not self.when or any(values[name] == value for name, value in self.when)
        return asked_for and all(values[name] != value for name, value in self.unless)

    @property
    def effect(self) -> str:
        """Where it has an effect, in words; empty if everywhere."""
        only = f"only where {_any_of(self.when)}" if self.when else ""
        never = f"not where {_any_of(self.unless)}" if self.unless else ""
        return ", ".join(filter(None, (only, never)))

    def __str__(self) -> str:
        if self.choices:
            return f"{self.name} must be one of {', '.join(map(str, self.choices))}"
        noun = "a whole number" if self.kind is int else "a number"
        return f"{self.name} must be {noun} in [{self.low:g}, {self.high:g}]"


def number(default: float, low: float, high: float, meaning: str, **traits: Any) -> Any:
    """Declare a numeric hyperparameter: default, smallest and largest value, meaning, other attributes of `Rule`."""
    return field(default=default, metadata={"low": low, "high": high, "meaning": meaning, **traits})


def choice(default: str | bool, choices: tuple[str | bool, ...], meaning: str, **traits: Any) -> Any:
    """Declare a hyperparameter that is one of a few values."""
    return field(default=default, metadata={"choices": choices, "meaning": meaning, **traits})


def in_a_spec(value: Value) -> str:
    """Return a value as people write it in a spec."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def rule_of(declared: Field[Any]) -> Rule:
    """Return the rule that a field of a dataclass declares."""
    if declared.default is MISSING:
        raise TypeError(f"hyperparameter {declared.name} must have a default")
    assert isinstance(declared.type, type)
    return Rule(name=declared.name.removesuffix("_"), kind=declared.type, default=declared.default, **declared.metadata)


def _any_of(conditions: tuple[Condition, ...]) -> str:
    return " or ".join(f"{name} is {in_a_spec(value)}" for name, value in conditions)
