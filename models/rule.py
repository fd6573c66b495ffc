"""What one hyperparameter may be, and how a dataclass declares it; knows no torch."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field
from typing import Any

__all__ = ["Rule", "Value", "choice", "number", "rule_of"]

Value = float | int | str | bool


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
        when: The name and the value of another hyperparameter at which this one matters; None if it always does.
        unless: The name and the value of another hyperparameter at which this one does not matter.
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
    when: tuple[str, Value] | None = None
    unless: tuple[str, Value] | None = None

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
        asked_for = self.when is None or values[self.when[0]] == self.when[1]
        return asked_for and (self.unless is None or values[self.unless[0]] != self.unless[1])

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


def rule_of(declared: Field[Any]) -> Rule:
    """Return the rule that a field of a dataclass declares."""
    if declared.default is MISSING:
        raise TypeError(f"hyperparameter {declared.name} must have a default")
    assert isinstance(declared.type, type)
    return Rule(name=declared.name.removesuffix("_"), kind=declared.type, default=declared.default, **declared.metadata)
