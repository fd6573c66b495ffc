"""What routes answer, as types: each field is told once, here, and so in the OpenAPI document."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from search_spaces.domains import Value
from sweeps.execution.result import EvaluationResult
from sweeps.execution.result import State as EvaluationState
from sweeps.plan import Plan
from sweeps.search.cross_validation import standard_error
from sweeps.service.board import SweepView
from sweeps.service.state import State, Wish

__all__ = [
    "EvaluationAnswer",
    "EvaluationPage",
    "EvaluationSummary",
    "PlanAnswer",
    "Submitted",
    "SweepAnswer",
    "SweepDetail",
    "SweepPage",
    "TrialAnswer",
    "TrialPage",
    "TrialSummary",
]

NEXT = Field(description="Give this as `cursor` for the next page; null at the end.")


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Champion(_Answer):
    """The trial that won, measured with all folds and all epochs."""

    trial: int
    hyperparameters: dict[str, Value]
    objective: str
    mean: float
    standard_error: float
    folds: list[float]


class Links(_Answer):
    """Where more of a sweep is told."""

    self: str
    trials: str
    evaluations: str
    events: str
    logs: str
    best: str


class SweepAnswer(_Answer):
    """A sweep as it stands."""

    ref: str = Field(description="Names the sweep: its id, in other projects than `default` as `project~id`.")
    project: str
    sweep_id: str
    name: str
    model: str
    dataset: str
    objective: str
    state: State
    wish: Wish = Field(description="What should become of it.")
    priority: int = Field(description="The higher, the sooner it starts.")
    why: str = Field(description="Why it failed, or empty.")
    submitted_ms: int = Field(description="When, in milliseconds since 1970.")
    submitted_by: str
    evaluations: int = Field(description="Evaluations that have a result.")
    planned: int = Field(description="Evaluations in all.")
    attempts: int = Field(description="How often it was started.")
    champion: Champion | None
    links: Links

    @classmethod
    def of(cls, view: SweepView) -> "SweepAnswer":
        """Return the answer about a sweep."""
        return cls(**sweep_fields(view))


class SweepDetail(SweepAnswer):
    """A sweep with its whole spec."""

    spec: dict[str, Any] = Field(description="Every default written out.")


class SweepPage(_Answer):
    """Sweeps, the latest first."""

    sweeps: list[SweepAnswer]
    next: str | None = NEXT


class Rung(_Answer):
    """How many trials are brought how far."""

    trials: int
    folds: int
    epochs: int


class Bracket(_Answer):
    """Trials that begin together, and of which the better go on."""

    rungs: list[Rung]


class PlanAnswer(_Answer):
    """What a sweep does and costs, roughly."""

    sweep_id: str
    preset: str | None
    fixed: dict[str, Value] = Field(description="What is held, the preset's part included.")
    searched: list[str]
    max_epochs: int
    trials: int
    evaluations: int
    fold_epochs: int
    brackets: list[Bracket]
    workers: int
    estimated_seconds: float
    estimated_disk_bytes: int
    estimate_basis: str

    @classmethod
    def of(cls, plan: Plan) -> "PlanAnswer":
        """Return the answer about a plan."""
        return cls(**plan.as_json())


class Submitted(_Answer):
    """A sweep that was accepted, now or earlier."""

    sweep: SweepAnswer
    plan: PlanAnswer


class EvaluationSummary(_Answer):
    """One trial brought to one rung."""

    trial: int
    bracket: int
    rung: int
    epochs: int
    state: EvaluationState
    reason: str = Field(description="Why it has no score, or empty.")
    mean: float | None
    standard_error: float | None = Field(description="Nadeau and Bengio's.")
    folds: list[float]
    hyperparameters: dict[str, Value]
    ended: int = Field(description="When it was scored, in milliseconds since 1970.")

    @classmethod
    def of(cls, result: EvaluationResult) -> "EvaluationSummary":
        """Return the summary of a result."""
        return cls(**_scored(result, *cls.model_fields))


class EvaluationPage(_Answer):
    """Evaluations by trial and rung."""

    evaluations: list[EvaluationSummary]
    next: str | None = NEXT


class EvaluationAnswer(EvaluationSummary):
    """One trial brought to one rung, with all measures and curves."""

    scores: dict[str, list[float]] = Field(description="Every measure by fold.")
    curves: dict[str, list[list[float]]] = Field(description="Terms by fold and epoch, from `first_epoch` on.")
    first_epoch: int
    epoch_times: list[int] = Field(description="When each epoch ended, in milliseconds since 1970.")
    started: int
    train_seconds: float
    score_seconds: float
    worker: str
    feature_network: str
    alarms: dict[str, list[int]] = Field(description="The folds in which each alarm rings.")


class TrialSummary(_Answer):
    """A configuration, as far as it has come."""

    trial: int
    bracket: int
    rung: int
    epochs: int
    state: EvaluationState
    mean: float | None
    standard_error: float | None
    hyperparameters: dict[str, Value]

    @classmethod
    def of(cls, result: EvaluationResult) -> "TrialSummary":
        """Return the summary of a trial from its latest result."""
        return cls(**_scored(result, *cls.model_fields))


class TrialPage(_Answer):
    """Trials by number."""

    trials: list[TrialSummary]
    next: str | None = NEXT


class TrialAnswer(TrialSummary):
    """A configuration with each of its evaluations."""

    evaluations: list[EvaluationAnswer]

    @classmethod
    def of_all(cls, results: list[EvaluationResult]) -> "TrialAnswer":
        """Return the answer about a trial from all of its results, by rung."""
        told = [EvaluationAnswer(**_scored(result, *EvaluationAnswer.model_fields)) for result in results]
        return cls(**_scored(results[-1], *TrialSummary.model_fields), evaluations=told)


def sweep_fields(view: SweepView) -> dict[str, Any]:
    """Return the fields of `SweepAnswer`."""
    here = f"/api/v1/sweeps/{view.ref}"
    parts = {name: f"{here}/{name}" for name in Links.model_fields if name != "self"}
    told = {name: getattr(view, name) for name in SweepAnswer.model_fields if name != "links"}
    return {**told, "links": Links(self=here, **parts)}


def _scored(result: EvaluationResult, *names: str) -> dict[str, Any]:
    error = standard_error(result.folds) if result.folds else None
    return {name: error if name == "standard_error" else getattr(result, name) for name in names}
