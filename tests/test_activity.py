"""What is searched has an effect: refused where it never has, drawn only where it has."""

from typing import Any

import numpy as np
import pytest

from models.hyperparameters import HYPERPARAMETERS, defaults, rules
from models.rule import Rule, Value
from sweeps.errors import Fault
from sweeps.spec_checks import parse_spec
from tests.faulty_specs import SOUND, fault_of, faults_of

INFOGAN = {**SOUND, "model": "infogan", "fixed": {}}

GAMES = {"type": "choice", "values": ["ns", "wgan-gp"]}
WIDTHS = {"type": "choice", "values": ["fixed", "dual"]}
YES_OR_NO = {"type": "choice", "values": [True, False]}
NCE = {"type": "choice", "values": ["full", "loo"]}
WHOLE = {"type": "integer", "low": 2, "high": 9}
REAL = {"type": "uniform", "low": 1, "high": 9}


def choice(*values: Value) -> dict[str, Any]:
    return {"type": "choice", "values": list(values)}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"space": {"candidates": WHOLE}, "fixed": {"alpha": 0}},
            Fault(
                "space.candidates",
                "what is searched must have an effect (candidates: not where alpha is 0)",
                "alpha 0",
                "Take candidates out of `space`, or change alpha.",
            ),
        ),
        (
            {"space": {"target_width": REAL}},
            Fault(
                "space.target_width",
                "what is searched must have an effect (target_width: only where width is dual, "
                "not where stochastic_bottleneck is false)",
                "width fixed, stochastic_bottleneck true",
                "Take target_width out of `space`, or change width or stochastic_bottleneck.",
            ),
        ),
        (
            {
                "model": "beta_vae",
                "space": {"layers": {"type": "integer", "low": 1, "high": 3}, "network": choice("conv")},
                "dataset": "mnist",
            },
            Fault(
                "space.layers",
                "what is searched must have an effect (layers: only where network is dense)",
                "network Choice(values=('conv',))",
                "Take layers out of `space`, or change network.",
            ),
        ),
    ],
    ids=lambda value: value.path if isinstance(value, Fault) else "",
)
def test_what_never_has_an_effect_is_refused(changes: dict[str, Any], fault: Fault) -> None:
    assert fault_of(**{**INFOGAN, **changes}) == fault


@pytest.mark.parametrize(
    "space",
    [
        {"gradient_penalty": {**REAL, "when": {"adversarial": "ns"}}, "adversarial": GAMES},
        {
            "gradient_penalty": {**REAL, "when": {"spectral_norm": True}},
            "spectral_norm": {**YES_OR_NO, "when": {"adversarial": "ns"}},
            "adversarial": GAMES,
        },
        {"r1_every": WHOLE, "r1": {"type": "uniform", "low": 0, "high": 0}},
        {"beta": {"type": "uniform", "low": 0.1, "high": 0.5}, "labels_per_class": choice(0)},
        {
            "beta": {"type": "uniform", "low": 0.1, "high": 0.5},
            "labels_per_class": {"type": "integer", "low": 0, "high": 0},
        },
    ],
)
def test_a_condition_and_a_domain_of_one_value_count_as_that_value(space: dict[str, Any]) -> None:
    (fault,) = [fault for fault in faults_of(**{**INFOGAN, "space": space}) if "have an effect" in fault.rule][:1]
    assert fault.path in {"space.gradient_penalty", "space.r1_every", "space.beta"}


@pytest.mark.parametrize(
    "space",
    [
        {"candidates": WHOLE, "alpha": {"type": "uniform", "low": 0, "high": 1}},
        {"r1_every": WHOLE, "r1": choice(0, 1, 2)},
        {"candidates": WHOLE, "alpha": {**choice(0), "when": {"spectral_norm": True}}, "spectral_norm": YES_OR_NO},
        {"kappa": REAL, "stochastic_bottleneck": YES_OR_NO, "learned_noise": YES_OR_NO},
        {
            "gradient_penalty": REAL,
            "adversarial": {**GAMES, "when": {"spectral_norm": True}},
            "spectral_norm": YES_OR_NO,
        },
    ],
)
def test_what_may_have_an_effect_is_searched(space: dict[str, Any]) -> None:
    spec = parse_spec({**INFOGAN, "space": space})
    assert set(spec.search_space().names) == set(space)


@pytest.mark.parametrize(
    ("space", "when"),
    [
        (
            {"target_width": REAL, "width": {**WIDTHS, "when": {"spectral_norm": True}}, "spectral_norm": YES_OR_NO},
            {"target_width": {"width": "dual"}, "width": {"spectral_norm": True}},
        ),
        (
            {"nce": NCE, "alpha": {**choice(0, 0.2), "when": {"spectral_norm": True}}, "spectral_norm": YES_OR_NO},
            {"alpha": {"spectral_norm": True}},
        ),
        (
            {"gradient_penalty": choice(5, 7), "adversarial": {**GAMES, "when": {"gradient_penalty": 5}}},
            {"adversarial": {"gradient_penalty": 5}},
        ),
        ({"gradient_penalty": REAL, "adversarial": GAMES}, {"gradient_penalty": {"adversarial": "wgan-gp"}}),
        ({"candidates": WHOLE, "alpha": choice(0, 0.1)}, {"candidates": {"alpha": 0.1}}),
        ({"candidates": WHOLE, "alpha": choice(0, 0.1, 0.2)}, {}),
        ({"kappa": REAL, "learned_noise": YES_OR_NO}, {}),
        (
            {"target_width": REAL, "width": WIDTHS, "stochastic_bottleneck": YES_OR_NO},
            {"target_width": {"width": "dual"}, "width": {"stochastic_bottleneck": True}},
        ),
        (
            {"label_weight": choice(0, 1), "labels_per_class": choice(0, 9)},
            {"label_weight": {"labels_per_class": 9}},
        ),
        (
            {
                "gradient_penalty": {**REAL, "when": {"spectral_norm": True}},
                "adversarial": GAMES,
                "spectral_norm": YES_OR_NO,
            },
            {"gradient_penalty": {"spectral_norm": True}},
        ),
    ],
    ids=[
        "parent at times",
        "default matters too",
        "circle",
        "when",
        "unless",
        "two values left",
        "either of two",
        "chain",
        "each other",
        "own condition",
    ],
)
def test_what_has_an_effect_at_one_value_of_a_choice_is_drawn_there_alone(
    space: dict[str, Any], when: dict[str, dict[str, Value]]
) -> None:
    spec = parse_spec({**INFOGAN, "space": space})
    assert {name: domain.when for name, domain in spec.space.items() if domain.when} == when
    written = {name: {**domain, "when": when.get(name, {})} for name, domain in space.items()}
    assert parse_spec({**INFOGAN, "space": written}).sweep_id == spec.sweep_id


@pytest.mark.parametrize("model", HYPERPARAMETERS)
def test_beside_any_other_choice_what_is_drawn_alone_or_refused_follows_the_rule(model: str) -> None:
    """Each hyperparameter beside a choice of two values of each other one that its effect hangs on."""
    known = rules(model)
    for rule in known.values():
        for name, value in (*rule.when, *rule.unless):
            other = next(other for other in _values(known[name]) if other != value)
            for parent in ({"type": "choice", "values": [value, other]}, choice(value), choice(other)):
                raw = {**SOUND, "model": model, "dataset": "mnist", "space": {rule.name: _domain(rule), name: parent}}
                _check(raw, known, rule, name)


def _check(raw: dict[str, Any], known: dict[str, Rule], rule: Rule, name: str) -> None:
    values = raw["space"][name]["values"]
    effective = [value for value in values if rule.matters({**defaults(raw["model"]), name: value})]
    if not effective:
        assert f"space.{rule.name}" in {fault.path for fault in faults_of(**raw)}
        return
    space, rng = parse_spec(raw).search_space(), np.random.default_rng(0)
    for _ in range(20):
        drawn = space.sample(rng)
        assert (rule.name in drawn) == (drawn.get(name, known[name].default) in effective)


def _values(rule: Rule) -> list[Value]:
    return list(rule.choices) or [rule.kind(rule.low), rule.kind(rule.high), rule.default]


def _domain(rule: Rule) -> dict[str, Any]:
    return choice(*dict.fromkeys(_values(rule)))
