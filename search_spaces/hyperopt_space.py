"""The one translation of a search space to hyperopt and back."""

import math
from collections.abc import Mapping
from typing import Any

from hyperopt import hp

from search_spaces.domains import Choice, Domain, IntegerRange, LogUniform, Uniform, Value
from search_spaces.space import SearchSpace, is_active

__all__ = ["from_hyperopt", "to_hyperopt", "to_hyperopt_vals"]


def to_hyperopt(space: SearchSpace) -> dict[str, Any]:
    """Return hyperopt's form of a space: one label a hyperparameter, children of a choice below its options.

    A conditional hyperparameter hangs below the option of its parent, so that TPE models it from the configurations
    that have it.
    """
    return {d.name: _node(space, d.name, d.domain) for d in space if d.when is None}


def to_hyperopt_vals(space: SearchSpace, configuration: Mapping[str, Value]) -> dict[str, list[float | int]]:
    """Return a configuration as hyperopt's `misc.vals`: raw draws by label, an empty list where inactive."""
    return {d.name: [_raw(d.domain, configuration[d.name])] if is_active(d, configuration) else [] for d in space}


def from_hyperopt(space: SearchSpace, vals: Mapping[str, list[float | int]]) -> dict[str, Value]:
    """Return the configuration of hyperopt's `misc.vals`, as plain Python values inside their domains."""
    configuration: dict[str, Value] = {}
    for dimension in space:
        if is_active(dimension, configuration):
            configuration[dimension.name] = _value(dimension.domain, vals[dimension.name][0])
    return configuration


def _node(space: SearchSpace, name: str, domain: Domain) -> Any:
    match domain:
        case Uniform(low, high):
            return hp.uniform(name, low, high)
        case LogUniform(low, high):
            return hp.loguniform(name, math.log(low), math.log(high))
        case IntegerRange(low, high):
            return hp.uniformint(name, low, high)
        case Choice(values):
            return hp.choice(name, [_option(space, name, value) for value in values])


def _option(space: SearchSpace, parent: str, value: Value) -> dict[str, Any]:
    children = [d for d in space if d.when is not None and (d.when.parent, d.when.value) == (parent, value)]
    return {child.name: _node(space, child.name, child.domain) for child in children}


def _raw(domain: Domain, value: Value) -> float | int:
    if isinstance(domain, Choice):
        return domain.values.index(value)
    assert isinstance(value, int | float)
    return value


def _value(domain: Domain, raw: float | int) -> Value:
    match domain:
        case Choice(values):
            return values[int(raw)]
        case IntegerRange():
            return round(raw)
        case Uniform(low, high) | LogUniform(low, high):
            # Rounding in exp(log(x)) may leave the interval by one last bit.
            return min(max(float(raw), low), high)
