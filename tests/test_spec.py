"""The spec as a value: its identity, and everything that follows from it."""

import json
import pickle
import random
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from models.hyperparameters import defaults
from search_spaces.domains import Choice, IntegerRange, LogUniform, Uniform
from search_spaces.space import Condition
from sweeps.errors import SpecError
from sweeps.spec import SweepSpec
from sweeps.spec_checks import load_spec, parse_spec

EXAMPLES = Path(__file__).parents[1] / "examples"

PLAIN: dict[str, Any] = {
    "name": "digits-beta-vae",
    "model": "beta_vae",
    "dataset": "digits",
    "space": {"beta": {"type": "log_uniform", "low": 0.1, "high": 10.0}},
    "fixed": {"latent_dim": 16},
    "hyperband": {"max_epochs": 9},
}


LR = {"type": "log_uniform", "low": 1e-4, "high": 1e-2}


def shuffled(value: Any, rng: random.Random) -> Any:
    """Return the same data with the keys of every mapping in another order."""
    if not isinstance(value, dict):
        return value
    return {key: shuffled(value[key], rng) for key in rng.sample(list(value), len(value))}


def test_every_example_is_a_sound_spec_that_begins_with_its_command() -> None:
    examples = sorted(EXAMPLES.rglob("*.yaml"))
    assert [path.name for path in examples] == ["digits-beta-vae.yaml", "digits-infogan.yaml"]
    assert len({load_spec(path).sweep_id for path in examples}) == len(examples)
    for path in examples:
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# sweeps run examples/{path.relative_to(EXAMPLES)}"


def test_known_specs_keep_their_identities_for_ever() -> None:
    domains = {
        "beta": {"type": "uniform", "low": 0.0, "high": 4.0},
        "batch_size": {"type": "integer", "low": 16, "high": 64},
        "hidden": {"type": "choice", "values": [64, 128]},
        "lr": {"type": "choice", "values": [0.5, 1.0]},
        "latent_dim": {"type": "choice", "values": [2, 10], "when": {"lr": 1.0}},
        "network": {"type": "choice", "values": ["dense"], "when": {"hidden": 128}},
    }
    other = {"space": {"beta": {"type": "uniform", "low": 0.1, "high": 1.0}}, "model": "infogan"}
    fixed = {"learned_noise": True, "lambda": 2.0, "network": "dense", "bottleneck": 64}
    assert parse_spec(PLAIN).sweep_id == "digits-beta-vae-70b3d6d8"
    assert parse_spec({**PLAIN, "name": "x", "space": domains, "fixed": {}}).sweep_id == "x-625b7bef"
    assert parse_spec({**PLAIN, "name": "x", **other, "fixed": fixed}).sweep_id == "x-28df6890"


def test_the_identity_does_not_depend_on_the_order_of_keys_or_on_written_out_defaults() -> None:
    spec = parse_spec(PLAIN)
    rng = random.Random(0)
    written_out = json.loads(spec.canonical())
    for _ in range(20):
        assert parse_spec(shuffled(PLAIN, rng)).sweep_id == spec.sweep_id
        assert parse_spec(shuffled(written_out, rng)).sweep_id == spec.sweep_id


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"folds": 9},
        {"searcher": "random"},
        {"objective": "nelbo"},
        {"fixed": {"latent_dim": 17}},
        {"hyperband": {"max_epochs": 9, "lag": 5}},
        {"dataset": {"name": "digits", "limit": 1000}},
        {"resources": {"cpus": 2}},
        {"precision": "bf16"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_a_result_changes_the_identity(change: dict[str, Any]) -> None:
    assert parse_spec({**PLAIN, **change}).sweep_id != parse_spec(PLAIN).sweep_id


def test_the_source_of_a_range_is_no_part_of_the_identity() -> None:
    explained = {"beta": {**PLAIN["space"]["beta"], "source": "a paper"}}
    assert parse_spec({**PLAIN, "space": explained}).sweep_id == parse_spec(PLAIN).sweep_id


def test_tensorboard_is_switched_on_for_the_same_sweep() -> None:
    spec = parse_spec({**PLAIN, "tensorboard": True})
    assert (spec.tensorboard, parse_spec(PLAIN).tensorboard) == (True, False)
    assert spec.canonical() == parse_spec(PLAIN).canonical()
    assert pickle.loads(pickle.dumps(spec)).tensorboard is True
    with pytest.raises(SpecError, match="tensorboard"):
        parse_spec({**PLAIN, "tensorboard": "yes"})


def test_writing_out_what_is_the_default_anyway_is_the_same_spec() -> None:
    written_out = {
        **PLAIN,
        "dataset": {"name": "digits"},
        "objective": "fid",
        "folds": 10,
        "hyperband": {"max_epochs": 9, "eta": 3, "iterations": 1, "lag": 4},
        "searcher": "tpe",
        "seed": 0,
        "resources": {"cpus": 1, "gpus": 0},
        "precision": "float32",
    }
    assert parse_spec(written_out).sweep_id == parse_spec(PLAIN).sweep_id


@pytest.mark.parametrize(
    ("whole", "real"),
    [
        ({"fixed": {"lr": 1}}, {"fixed": {"lr": 1.0}}),
        (
            {"space": {"beta": {"type": "uniform", "low": 1, "high": 10}}},
            {"space": {"beta": {"type": "uniform", "low": 1.0, "high": 10.0}}},
        ),
        (
            {"space": {"beta": {"type": "choice", "values": [1, 2.5, 4]}}},
            {"space": {"beta": {"type": "choice", "values": [1.0, 2.5, 4.0]}}},
        ),
        (
            {"space": {"beta": {"type": "choice", "values": [1, 2]}, "lr": {**LR, "when": {"beta": 2}}}},
            {"space": {"beta": {"type": "choice", "values": [1.0, 2.0]}, "lr": {**LR, "when": {"beta": 2.0}}}},
        ),
    ],
    ids=["fixed", "bounds", "choice", "condition"],
)
def test_a_whole_number_and_the_same_real_number_are_one_sweep(whole: dict[str, Any], real: dict[str, Any]) -> None:
    one, other = parse_spec({**PLAIN, **whole}), parse_spec({**PLAIN, **real})
    assert one.canonical() == other.canonical()
    assert one.search_space() == other.search_space()


def test_whole_numbers_stay_whole_for_hyperparameters_that_are() -> None:
    conditional = {**LR, "when": {"hidden": 64}}
    spec = parse_spec({**PLAIN, "space": {"hidden": {"type": "choice", "values": [16, 64]}, "lr": conditional}})
    assert '"latent_dim": 16}' in spec.canonical()
    assert '"values": [16, 64]' in spec.canonical()
    assert '"when": {"hidden": 64}' in spec.canonical()


def test_a_spec_is_read_back_from_its_canonical_text() -> None:
    spec = parse_spec(PLAIN)
    assert SweepSpec.model_validate(json.loads(spec.canonical())) == spec


def test_a_spec_never_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        parse_spec(PLAIN).seed = 3


def test_every_kind_of_domain_and_condition_becomes_the_space() -> None:
    spec = parse_spec(
        {
            **PLAIN,
            "fixed": {},
            "space": {
                "beta": {"type": "uniform", "low": 0, "high": 4},
                "batch_size": {"type": "integer", "low": 16, "high": 64},
                "hidden": {"type": "choice", "values": [64, 128]},
                "latent_dim": {"type": "choice", "values": [2, 10], "when": {"hidden": 128}},
                "lr": {"type": "log_uniform", "low": 1e-4, "high": 1e-2, "when": {"latent_dim": 10}},
            },
        }
    )
    space = {dimension.name: dimension for dimension in spec.search_space()}
    assert space["beta"].domain == Uniform(0, 4)
    assert space["batch_size"].domain == IntegerRange(16, 64)
    assert space["hidden"].domain == Choice((64, 128))
    assert space["latent_dim"].when == Condition("hidden", 128)
    assert space["lr"].domain == LogUniform(1e-4, 1e-2)
    assert list(space) == ["batch_size", "beta", "hidden", "latent_dim", "lr"]
    assert spec.log_scaled() == {"lr"}


def test_children_come_after_their_parents_whatever_their_names() -> None:
    domains = {
        "beta": {"type": "uniform", "low": 0, "high": 1, "when": {"hidden": 64}},
        "hidden": {"type": "choice", "values": [64, 128], "when": {"latent_dim": 4}},
        "latent_dim": {"type": "choice", "values": [4, 8]},
    }
    assert parse_spec({**PLAIN, "fixed": {}, "space": domains}).search_space().names == ("latent_dim", "hidden", "beta")


def test_fixing_a_hyperparameter_of_a_shipped_space_takes_it_out_of_the_search() -> None:
    spec = parse_spec({**PLAIN, "space": "beta_vae", "fixed": {"lr": 0.001}})
    assert spec.search_space().names == ("beta",)
    assert spec.hyperparameters({"beta": 2.0})["lr"] == 0.001


def test_fixing_what_a_condition_names_searches_its_children_always_or_not_at_all() -> None:
    spaces = {
        game: parse_spec({**PLAIN, "model": "infogan", "space": "infogan", "fixed": {"adversarial": game}})
        for game in ("wgan-gp", "ns")
    }
    (penalty,) = [d for d in spaces["wgan-gp"].search_space() if d.name == "gradient_penalty"]
    assert penalty.when is None
    assert "gradient_penalty" not in spaces["ns"].search_space().names
    assert not {"adversarial"} & {*spaces["ns"].search_space().names, *spaces["wgan-gp"].search_space().names}


def test_a_trial_has_every_hyperparameter_of_its_model_drawn_before_fixed_before_default() -> None:
    whole = parse_spec(PLAIN).hyperparameters({"beta": 3})
    assert whole == {**defaults("beta_vae"), "latent_dim": 16, "beta": 3.0}
    assert type(whole["beta"]) is float


def test_the_searched_weights_come_with_their_neutral_values() -> None:
    infogan = parse_spec({**PLAIN, "model": "infogan", "space": "infogan", "fixed": {"alpha": 0.1}})
    assert infogan.searched_weights() == {
        "beta": 1.0,
        "feature_matching": 0.0,
        "gradient_penalty": 0.0,
        "kappa": 0.0,
        "lambda": 0.0,
    }
    assert parse_spec({**PLAIN, "space": "beta_vae"}).searched_weights() == {"beta": 1.0}


def test_the_ladder_is_hyperbands() -> None:
    spec = parse_spec({**PLAIN, "hyperband": {"max_epochs": 16, "eta": 4, "iterations": 2}})
    assert [[(r.trials, r.epochs) for r in b.rungs] for b in spec.ladder()] == 2 * [
        [(16, 1), (4, 4), (1, 16)],
        [(6, 4), (1, 16)],
        [(3, 16)],
    ]
