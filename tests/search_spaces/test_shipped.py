"""The shipped spaces: all there, each range with its source, none outside what its model allows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hyperparameters import HYPERPARAMETERS, parse, rules
from models.rule import Value
from search_spaces.shipped import LIBRARY, load_shipped, shipped_names
from sweeps.spec import SweepSpec
from sweeps.spec_checks import parse_spec

SWITCHED_OFF: list[tuple[str, dict[str, Value]]] = [
    ("infogan", {"label_weight": 0.0}),
    ("infogan", {"stochastic_bottleneck": False, "learned_noise": False}),
    ("infogan", {"adversarial": "hinge"}),
    ("dip_vae", {"lambda": 0.0}),
    ("factor_vae", {"beta": 1.0}),
    ("cat_vae", {"annealing": 0.0}),
]
"""Shipped spaces beside fixed values that take the effect from something that they search."""


def spec_of(name: str, fixed: dict[str, Value] | None = None) -> SweepSpec:
    model = load_shipped(name)["model"]
    hyperband = {"max_epochs": 9, "eta": 3, "iterations": 1}
    spec = {"name": "x", "model": model, "dataset": "mnist", "space": name, "hyperband": hyperband}
    return parse_spec({**spec, "fixed": fixed or {}})


def test_every_file_of_the_library_is_a_shipped_space() -> None:
    assert shipped_names() == tuple(sorted(path.stem for path in LIBRARY.rglob("*.yaml")))


def test_every_model_has_a_space_of_its_name() -> None:
    assert {name: load_shipped(name)["model"] for name in shipped_names()} == {name: name for name in HYPERPARAMETERS}


@pytest.mark.parametrize("name", shipped_names())
def test_every_configuration_drawn_from_a_shipped_space_is_a_valid_model(name: str) -> None:
    space, rng = spec_of(name).search_space(), np.random.default_rng(0)
    for _ in range(200):
        drawn = space.sample(rng)
        assert space.contains(drawn)
        parsed = parse(name, drawn)
        assert {key: getattr(parsed, f"{key}_" if key == "lambda" else key) for key in drawn} == drawn


@pytest.mark.parametrize(("name", "fixed"), [*((name, {}) for name in shipped_names()), *SWITCHED_OFF])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**63 - 1))
def test_whatever_is_drawn_is_valid_and_has_an_effect(name: str, fixed: dict[str, Value], seed: int) -> None:
    spec = spec_of(name, fixed)
    drawn = spec.search_space().sample(np.random.default_rng(seed))
    whole, known = spec.hyperparameters(drawn), rules(spec.model)
    parse(spec.model, whole)
    assert all(known[each].matters(whole) for each in drawn)
    assert not drawn.keys() & fixed.keys()


@pytest.mark.parametrize("name", shipped_names())
def test_every_range_states_its_source_and_lies_in_the_models_range(name: str) -> None:
    shipped = load_shipped(name)
    known = rules(shipped["model"])
    assert all(len(domain["source"]) > 20 for domain in shipped["domains"].values())
    assert all(d.domain.lies_within(known[d.name].allows) for d in spec_of(name).search_space())


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_file_begins_with_the_command_that_plans_it(name: str) -> None:
    first = (LIBRARY / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# sweeps plan")
    assert f"space: {name}" in first


def test_the_shipped_spaces_search_the_weights_of_their_models() -> None:
    assert spec_of("vae").search_space().names == ("latent_dim", "lr")
    assert spec_of("beta_vae").search_space().names == ("beta", "lr")
    assert spec_of("info_vae").search_space().names == ("alpha", "lambda")
    assert spec_of("beta_tcvae").search_space().names == ("beta", "lr")
    assert spec_of("dip_vae").search_space().names == ("lambda", "variant")
    assert spec_of("factor_vae").search_space().names == ("beta", "lr_critic")
    assert spec_of("cat_vae").search_space().names == ("annealing", "beta", "temperature")
    assert spec_of("cvae").search_space().names == ("beta", "latent_dim")
    searched = {name for name, rule in rules("infogan").items() if rule.weight} & set(
        spec_of("infogan").search_space().names
    )
    assert searched == {"alpha", "beta", "feature_matching", "gradient_penalty", "kappa", "lambda"}


@pytest.mark.parametrize("name", shipped_names())
def test_every_configuration_of_a_space_is_allowed_and_has_only_what_matters(name: str) -> None:
    spec, rng = spec_of(name), np.random.default_rng(0)
    known = rules(spec.model)
    for _ in range(200):
        drawn = spec.search_space().sample(rng)
        whole = spec.hyperparameters(drawn)
        parse(spec.model, whole)
        assert all(known[chosen].matters(whole) for chosen in drawn)


def test_an_unknown_space_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="beta-vae"):
        load_shipped("beta-vae")
