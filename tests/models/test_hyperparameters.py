"""Hyperparameters as a vocabulary: rules, ranges and neutral values, without torch."""

import subprocess
import sys
from dataclasses import fields

import pytest

from models.hyperparameters import HYPERPARAMETERS, defaults, parse, rules
from models.infogan_hyperparameters import InfoGAN
from models.rule import Value
from models.vae_hyperparameters import CVAE, DIPVAE, VAE, BetaTCVAE, BetaVAE, CatVAE, FactorVAE, InfoVAE

MODELS = list(HYPERPARAMETERS)


def test_the_models_that_ship_are_known_by_name() -> None:
    assert list(HYPERPARAMETERS.items()) == [
        ("vae", VAE),
        ("beta_vae", BetaVAE),
        ("info_vae", InfoVAE),
        ("beta_tcvae", BetaTCVAE),
        ("dip_vae", DIPVAE),
        ("factor_vae", FactorVAE),
        ("cat_vae", CatVAE),
        ("cvae", CVAE),
        ("infogan", InfoGAN),
    ]


@pytest.mark.parametrize("model", MODELS)
def test_every_default_and_every_neutral_value_is_allowed_by_its_own_rule(model: str) -> None:
    for rule in rules(model).values():
        assert rule.allows(rule.default)
        assert type(rule.default) is rule.kind
        assert rule.meaning
        assert rule.neutral is None or (rule.weight and rule.allows(rule.neutral))


@pytest.mark.parametrize("model", MODELS)
def test_every_loss_weight_is_a_number_with_a_neutral_value(model: str) -> None:
    weights = [rule for rule in rules(model).values() if rule.weight]
    assert bool(weights) == (model != "vae")
    assert all(rule.kind is float and rule.neutral is not None for rule in weights)


def test_the_weights_are_those_of_the_losses() -> None:
    named = {model: {rule.name: rule.neutral for rule in rules(model).values() if rule.weight} for model in MODELS}
    assert named["vae"] == {}
    assert named["beta_vae"] == {"beta": 1.0}
    assert named["info_vae"] == {"alpha": 0.0, "lambda": 1.0}
    assert named["beta_tcvae"] == {"beta": 1.0, "lambda": 1.0, "alpha": 0.0}
    assert named["dip_vae"] == {"beta": 1.0, "lambda": 0.0}
    assert named["factor_vae"] == {"beta": 1.0}
    assert named["cat_vae"] == {"beta": 1.0}
    assert named["cvae"] == {"beta": 1.0}
    assert named["infogan"] == {
        "beta": 1.0,
        "lambda": 0.0,
        "alpha": 0.0,
        "label_weight": 0.0,
        "kappa": 0.0,
        "feature_matching": 0.0,
        "gradient_penalty": 0.0,
        "r1": 0.0,
    }


@pytest.mark.parametrize("model", MODELS)
def test_a_condition_names_another_hyperparameter_and_a_value_that_it_may_have(model: str) -> None:
    known = rules(model)
    for rule in known.values():
        for name, value in (*rule.when, *rule.unless):
            assert name != rule.name
            assert known[name].allows(value)


@pytest.mark.parametrize(
    ("values", "inactive"),
    [
        ({}, {"gradient_penalty", "r1_every", "target_width", "dual_rate"}),
        ({"adversarial": "wgan-gp"}, {"r1_every", "target_width", "dual_rate", "label_in_logit"}),
        ({"r1": 0.1}, {"gradient_penalty", "target_width", "dual_rate"}),
        ({"width": "dual"}, {"gradient_penalty", "r1_every"}),
        (
            {"width": "dual", "stochastic_bottleneck": False},
            {"gradient_penalty", "r1_every", "target_width", "dual_rate", "width"},
        ),
        (
            {"learned_noise": False, "stochastic_bottleneck": False},
            {"gradient_penalty", "r1_every", "target_width", "dual_rate", "width", "kappa"},
        ),
        ({"learned_noise": False}, {"gradient_penalty", "r1_every", "target_width", "dual_rate"}),
        (
            {"labels_per_class": 0},
            {"gradient_penalty", "r1_every", "target_width", "dual_rate", "beta", "label_weight", "label_in_logit"},
        ),
        (
            {"beta": 1.0},
            {
                "gradient_penalty",
                "r1_every",
                "target_width",
                "dual_rate",
                "labels_per_class",
                "label_weight",
                "label_in_logit",
            },
        ),
        ({"alpha": 0.0}, {"gradient_penalty", "r1_every", "target_width", "dual_rate", "nce", "candidates"}),
        (
            {"label_weight": 0.0},
            {"gradient_penalty", "r1_every", "target_width", "dual_rate", "beta", "labels_per_class", "label_in_logit"},
        ),
    ],
)
def test_hyperparameters_of_what_is_switched_off_do_not_matter(values: dict[str, Value], inactive: set[str]) -> None:
    whole = {**defaults("infogan"), **values}
    assert {rule.name for rule in rules("infogan").values() if not rule.matters(whole)} == inactive


def test_where_a_hyperparameter_has_an_effect_is_told_in_the_words_of_a_spec() -> None:
    told = {name: rule.effect for name, rule in rules("infogan").items()}
    assert told["lambda"] == ""
    assert told["candidates"] == "not where alpha is 0"
    assert told["kappa"] == "only where stochastic_bottleneck is true or learned_noise is true"
    assert told["target_width"] == "only where width is dual, not where stochastic_bottleneck is false"
    assert rules("dip_vae")["variant"].effect == "not where lambda is 0"


@pytest.mark.parametrize("model", MODELS)
def test_the_defaults_are_the_dataclass_itself(model: str) -> None:
    assert parse(model, {}) == HYPERPARAMETERS[model]()
    assert parse(model, defaults(model)) == HYPERPARAMETERS[model]()
    assert list(defaults(model)) == [field.name.removesuffix("_") for field in fields(HYPERPARAMETERS[model])]


def test_lambda_is_named_without_its_underscore() -> None:
    parsed = parse("infogan", {"lambda": 2})
    assert isinstance(parsed, InfoGAN)
    assert parsed.lambda_ == 2.0
    assert "lambda" in rules("infogan")
    assert "lambda_" not in rules("infogan")


def test_whole_numbers_become_real_where_a_real_one_is_meant() -> None:
    parsed = parse("beta_vae", {"beta": 4, "latent_dim": 3})
    assert isinstance(parsed, BetaVAE)
    assert (parsed.beta, type(parsed.beta), parsed.latent_dim) == (4.0, float, 3)


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("beta", [0, 0.0, 1000, 0.5], [-0.1, 1000.1, True, "1", None, float("nan"), float("inf")]),
        ("latent_dim", [1, 512], [0, 513, 2.0, True, "2"]),
        ("network", ["dense", "conv"], ["Dense", 1, None]),
        ("lr", [1e-6, 1], [0, 1.1, float("nan")]),
    ],
)
def test_a_rule_allows_its_kind_and_range_and_nothing_else(
    name: str, allowed: list[object], refused: list[object]
) -> None:
    rule = rules("beta_vae")[name]
    assert [rule.allows(value) for value in allowed] == [True] * len(allowed)
    assert [rule.allows(value) for value in refused] == [False] * len(refused)


def test_a_truth_value_is_no_number_and_a_number_no_truth_value() -> None:
    rule = rules("infogan")["learned_noise"]
    assert rule.allows(True)
    assert rule.allows(False)
    assert not rule.allows(1)
    assert not rule.allows("true")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"betas": 1.0}, r"beta_vae has no hyperparameter 'betas'; it has hidden, layers"),
        ({"beta": -1.0}, r"beta must be a number in \[0, 1000\], but got -1\.0"),
        ({"latent_dim": 2.5}, r"latent_dim must be a whole number in \[1, 512\], but got 2\.5"),
        ({"network": "mlp"}, r"network must be one of dense, conv, but got 'mlp'"),
    ],
)
def test_what_a_model_does_not_allow_is_refused_with_rule_and_value(values: dict[str, float | str], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        parse("beta_vae", values)


def test_the_vocabulary_needs_no_torch() -> None:
    code = "import sys, models.hyperparameters, models.datasets, models.objectives; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout == b"False\n"
