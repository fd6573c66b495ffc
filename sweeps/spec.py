"""What a user submits: parsed once, checked, frozen. Everything a sweep does follows from it.

Knows neither torch nor Ray: a spec is answered in milliseconds. Its faults are found in `sweeps.spec_checks`.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.hyperparameters import defaults, rules
from models.precision import Precision
from search_spaces.domains import Choice, Domain, IntegerRange, LogUniform, Uniform, Value
from search_spaces.space import Condition, Dimension, SearchSpace
from sweeps.search.ladder import Ladder, build_ladder

__all__ = ["ChoiceSpec", "DatasetChoice", "Device", "DomainSpec", "Hyperband", "Resources", "SweepSpec"]


Device = Literal["cpu", "gpu"]
"""A kind of device that models are trained on."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _DomainSpec(_Strict):
    when: dict[str, Value] = Field(default_factory=dict, max_length=1, exclude_if=lambda when: not when)
    source: str = Field(default="", exclude=True)


class UniformSpec(_DomainSpec):
    """Real numbers, drawn uniformly."""

    type: Literal["uniform"]
    low: float
    high: float

    def domain(self) -> Domain:
        """Return the domain that is meant."""
        return Uniform(self.low, self.high)


class LogUniformSpec(_DomainSpec):
    """Positive real numbers, whose logarithm is drawn uniformly."""

    type: Literal["log_uniform"]
    low: float
    high: float

    def domain(self) -> Domain:
        """Return the domain that is meant."""
        return LogUniform(self.low, self.high)


class IntegerSpec(_DomainSpec):
    """Whole numbers, both ends included."""

    type: Literal["integer"]
    low: int = Field(ge=-(2**53), le=2**53)
    high: int = Field(ge=-(2**53), le=2**53)

    def domain(self) -> Domain:
        """Return the domain that is meant."""
        return IntegerRange(self.low, self.high)


class ChoiceSpec(_DomainSpec):
    """One of a few values."""

    type: Literal["choice"]
    values: Annotated[list[Value], Field(min_length=1, max_length=100)]

    def domain(self) -> Domain:
        """Return the domain that is meant."""
        return Choice(tuple(self.values))


DomainSpec = Annotated[UniformSpec | LogUniformSpec | IntegerSpec | ChoiceSpec, Field(discriminator="type")]


class DatasetChoice(_Strict):
    """A dataset's training part, or a stratified subset of it."""

    name: str
    limit: int | None = Field(default=None, ge=1)


class Hyperband(_Strict):
    """Hyperband's numbers (Li et al. 2018): R, η, how often the brackets are gone through, and how far they overlap."""

    max_epochs: int = Field(ge=1, le=10_000)
    eta: int = Field(default=3, ge=2, le=16)
    iterations: int = Field(default=1, ge=1, le=100)
    lag: int = Field(default=4, ge=0, le=1000)


class Resources(_Strict):
    """What one worker holds."""

    cpus: int = Field(default=1, ge=1, le=1024)
    gpus: float = Field(default=0.0, ge=0, le=64)

    @property
    def device(self) -> Device:
        """The kind of device that it trains on."""
        return "gpu" if self.gpus else "cpu"


class SweepSpec(_Strict):
    """One search for the best hyperparameters of one model on one dataset."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
    model: str
    dataset: DatasetChoice
    space: Annotated[dict[str, DomainSpec], Field(max_length=100)]
    fixed: dict[str, Value] = {}
    objective: str = "fid"
    folds: int = Field(default=10, ge=2, le=100)
    hyperband: Hyperband
    searcher: Literal["tpe", "random"] = "tpe"
    seed: int = Field(default=0, ge=0, lt=2**63)
    resources: Resources = Resources()
    precision: Precision = Field(default="float32", exclude_if=lambda precision: precision == "float32")
    # What a preset stands for is written out: the sweep is the same without its name.
    preset: str | None = Field(default=None, exclude=True)
    # How a sweep is shown changes no result, so that it may be switched on for one that was begun without.
    tensorboard: bool = Field(default=False, exclude=True)
    # As above; addresses may hold secrets, and so stand in no file that is shown.
    notify: Annotated[list[str], Field(max_length=10)] = Field(default=[], exclude=True)

    @property
    def sweep_id(self) -> str:
        """Name and hash: the same spec is the same sweep."""
        return f"{self.name}-{hashlib.sha256(self.canonical().encode()).hexdigest()[:8]}"

    def canonical(self) -> str:
        """Return the one text of this spec: every default written out but that of `precision`, keys sorted."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, allow_nan=False)

    def natural(self) -> "SweepSpec":
        """Return this spec, which must be sound, with each value in the kind of its hyperparameter.

        `lr: 1` and `lr: 1.0` are one sweep, and so have one text and one id.
        """
        kinds = {name: rule.kind for name, rule in rules(self.model).items()}
        fixed = {name: kinds[name](value) for name, value in self.fixed.items()}
        space = {name: _natural(domain, name, kinds) for name, domain in self.space.items()}
        return self.model_copy(update={"fixed": fixed, "space": space})

    def search_space(self) -> SearchSpace:
        """Return what is searched, by name, parents of conditions before their children.

        Raises:
            ValueError: A domain is empty, or a condition cannot hold.
        """
        waiting = [_dimension(name, domain) for name, domain in sorted(self.space.items())]
        ordered: list[Dimension] = []
        while waiting:
            known = {dimension.name for dimension in ordered}
            free = [d for d in waiting if d.when is None or d.when.parent in known] or waiting
            ordered += free
            waiting = [d for d in waiting if d not in free]
        return SearchSpace(tuple(ordered))

    def ladder(self) -> Ladder:
        """Return the brackets of Hyperband."""
        return build_ladder(self.hyperband.max_epochs, self.hyperband.eta, self.hyperband.iterations)

    def hyperparameters(self, configuration: Mapping[str, Value]) -> dict[str, Value]:
        """Return the whole configuration of a trial: defaults, then what is fixed, then what was drawn."""
        known = rules(self.model)
        merged = {**defaults(self.model), **self.fixed, **configuration}
        return {name: known[name].kind(value) for name, value in merged.items()}

    def searched_weights(self) -> dict[str, float]:
        """Return the searched loss weights, each with the value at which the model is its plain form."""
        known = rules(self.model)
        return {n: known[n].neutral or 0.0 for n in sorted(self.space) if n in known and known[n].weight}

    def log_scaled(self) -> set[str]:
        """Return the searched hyperparameters that are drawn on a logarithmic scale."""
        return {d.name for d in self.search_space() if isinstance(d.domain, LogUniform)}


def _natural(domain: DomainSpec, name: str, kinds: Mapping[str, type]) -> DomainSpec:
    update: dict[str, object] = {"when": {parent: kinds[parent](value) for parent, value in domain.when.items()}}
    if isinstance(domain, ChoiceSpec):
        update["values"] = [kinds[name](value) for value in domain.values]
    return domain.model_copy(update=update)


def _dimension(name: str, spec: Any) -> Dimension:
    conditions = [Condition(parent, value) for parent, value in spec.when.items()]
    return Dimension(name, spec.domain(), conditions[0] if conditions else None)
