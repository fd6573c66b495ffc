"""Where a hyperparameter is said to have no effect, training ends with the same images and bounds whatever it is."""

import math
from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.base import LatentVariableModel
from models.build import build
from models.hyperparameters import HYPERPARAMETERS, defaults, rules
from models.learner import Learner
from models.rule import Value
from tests.models.training import digits, seeded

IMAGES, LABELS = digits(64)

SMALL: dict[str, Value] = {"hidden": 16, "batch_size": 32}

BASES: dict[str, dict[str, Value]] = {
    "dip_vae": {},
    "factor_vae": {"critic_hidden": 16},
    "cat_vae": {"annealing": 0.6, "anneal_every": 1, "style_dim": 2},
    "infogan": {
        "r1": 1.0,
        "r1_every": 2,
        "width": "dual",
        "target_width": 1.0,
        "dual_rate": 0.1,
        "adversarial": "wgan-gp",
        "bottleneck": 8,
        "candidates": 9,
        "labels_per_class": 3,
    },
}
"""Settings under which everything has an effect within two steps."""

OTHER: dict[str, Value] = {
    "anneal_every": 2,
    "average_decay": 0.0,
    "layers": 2,
    "lr_critic": 0.1,
    "nce": "loo",
    "temperature": 0.9,
    "variant": "I",
    "width": "fixed",
}
"""Other values than in the bases; of what is not listed, a number is taken half as large and a truth turned."""

BESIDE: dict[str, dict[str, Value]] = {"label_in_logit": {"adversarial": "ns"}}
"""What else is set for a hyperparameter that has no effect under the settings above."""

CONDITIONAL = [
    (model, rule.name, condition)
    for model in ("vae", *BASES)
    for rule in rules(model).values()
    for condition in (*rule.when, *rule.unless)
]


@pytest.mark.parametrize(("model", "name", "condition"), CONDITIONAL)
def test_where_it_has_no_effect_nothing_that_is_scored_depends_on_it(
    model: str, name: str, condition: tuple[str, Value]
) -> None:
    rule, base = rules(model)[name], _base(model, name)
    parent, value = condition
    off = (
        {parent: value} if condition in rule.unless else {other: _another(model, other, base) for other, _ in rule.when}
    )
    values = {**base, **off}
    assert not rule.matters(values)
    assert torch.equal(_outcome(model, values), _outcome(model, {**values, name: _another(model, name, base)}))


@pytest.mark.parametrize(("model", "name"), list(dict.fromkeys((model, name) for model, name, _ in CONDITIONAL)))
def test_where_it_has_an_effect_what_is_scored_depends_on_it(model: str, name: str) -> None:
    values = _base(model, name)
    assert rules(model)[name].matters(values)
    other = _outcome(model, {**values, name: _another(model, name, values)})
    assert not torch.equal(_outcome_of_base(model, name if name in BESIDE else ""), other)


@cache
def _outcome_of_base(model: str, name: str) -> Tensor:
    return _outcome(model, _base(model, name))


def _base(model: str, name: str) -> dict[str, Value]:
    return {**defaults(model), **SMALL, **BASES.get(model, {}), **BESIDE.get(name, {})}


def _another(model: str, name: str, base: dict[str, Value]) -> Value:
    """Return another value than that of the base, one that is allowed."""
    rule, value = rules(model)[name], base[name]
    if rule.choices:
        return OTHER.get(name) or next(choice for choice in rule.choices if choice != value)
    assert not isinstance(value, str)
    half: Value = rule.kind(value / 2) or rule.kind(1)
    return OTHER.get(name, half)


def _outcome(model: str, values: dict[str, Value]) -> Tensor:
    """Return samples, and bounds if there are any, after an epoch of two steps."""
    images = IMAGES if values["network"] == "dense" else F.pad(IMAGES, (10, 10, 10, 10))
    built = build(model, values, side=images.shape[1], classes=10, seed=0, levels=17)
    built.examples = len(images)
    learner = Learner(built, [torch.arange(len(images))], images, LABELS)
    learner.settle(torch.device("cpu"), [1])
    learner.make_optimizers()
    minibatches = math.ceil(len(images) / int(values["batch_size"]))
    learner.begin_epoch([2], examples=len(images), minibatches=minibatches)
    for step in range(minibatches):
        learner.take_step(step)
    outcome = [built.sample(10, seeded(3)).flatten()]
    if isinstance(built, LatentVariableModel):
        x = built.draw_pixels(images[:10], torch.rand(images[:10].shape, generator=seeded(4)))
        outcome.append(built.negative_elbo(x, seeded(5), samples=2))
    return torch.cat(outcome)


def test_every_model_with_conditions_is_looked_at() -> None:
    with_conditions = {
        model
        for model in HYPERPARAMETERS
        if any(r.when or r.unless for r in rules(model).values() if r.name != "layers")
    }
    assert with_conditions == set(BASES)
