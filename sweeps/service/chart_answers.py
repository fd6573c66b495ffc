"""What is told of a sweep for drawing, as types: rungs that fill, a point a trial, and the leading trials in full."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from search_spaces.domains import Value
from sweeps.execution.result import State

__all__ = [
    "AxisAnswer",
    "BracketStanding",
    "Charts",
    "Leader",
    "Leading",
    "Picture",
    "PointAnswer",
    "RungStanding",
    "Scored",
]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RungStanding(_Answer):
    """How far a rung has filled."""

    epochs: int
    trials: int = Field(description="That it takes, as planned.")
    done: int
    running: int
    fallen: int = Field(description="Those of `done` that diverged or failed.")
    promoted: int | None = Field(description="That went on from here; null at the top and before all are done.")


class BracketStanding(_Answer):
    """How far a bracket has come."""

    bracket: int
    rungs: list[RungStanding]


class AxisAnswer(_Answer):
    """One searched hyperparameter."""

    name: str
    scale: Literal["linear", "log", "choice"]
    low: float | None = Field(description="Of a range; null for a choice.")
    high: float | None
    choices: list[str] = Field(description="Of a choice, as text; empty for a range.")


class PointAnswer(_Answer):
    """One trial at its last rung that was scored."""

    trial: int
    bracket: int
    epochs: int
    mean: float
    standard_error: float = Field(description="Nadeau and Bengio's.")
    values: list[Value | None] = Field(description="In the order of the axes; null where a condition does not hold.")


class Charts(_Answer):
    """A sweep as it is drawn."""

    objective: str
    max_epochs: int
    evaluations: int = Field(description="Results that this was drawn from.")
    planned: int
    brackets: list[BracketStanding]
    axes: list[AxisAnswer]
    points: list[PointAnswer] = Field(description="Trials by number.")


class Scored(_Answer):
    """The objective of a trial at one rung."""

    epochs: int
    mean: float
    standard_error: float


class Picture(_Answer):
    """Samples of a trial at one rung."""

    rung: int
    epochs: int
    href: str


class Leader(_Answer):
    """One of the leading trials."""

    place: int = Field(description="From 1: whoever was trained longer leads, then whose mean is lower.")
    trial: int
    bracket: int
    rung: int
    epochs: int
    state: State
    reason: str = Field(description="Why its last evaluation has no score, or empty.")
    mean: float | None
    standard_error: float | None
    folds: list[float] = Field(description="The objective of each fold at its last rung.")
    hyperparameters: dict[str, Value] = Field(description="Those that are searched and have an effect.")
    rungs: list[Scored] = Field(description="The objective at each rung that was scored.")
    curves: dict[str, list[float]] = Field(description="Each term by epoch, from the first, mean over the folds.")
    pictures: list[Picture]


class Leading(_Answer):
    """The leading trials, the best first."""

    trials: int = Field(description="How many have a result.")
    leaders: list[Leader]
