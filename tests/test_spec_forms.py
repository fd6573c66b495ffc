"""Short forms written out: presets beside what is fixed and searched, and shipped spaces without what has no effect."""

from typing import Any

import pytest

from models.hyperparameters import HYPERPARAMETERS
from models.presets import load_preset, preset_names
from sweeps.errors import Fault
from sweeps.spec_checks import parse_spec
from tests.faulty_specs import BETA, SOUND, fault_of, faults_of

PRESETS = [(model, name) for model in HYPERPARAMETERS for name in preset_names(model)]

WITHOUT_LENGTH: dict[str, Any] = {key: value for key, value in SOUND.items() if key != "hyperband"}

ARTICLE = load_preset("beta_vae", "article").hyperparameters


@pytest.mark.parametrize(("model", "preset"), PRESETS)
def test_every_preset_makes_a_sound_spec_with_the_shipped_space_of_its_model(model: str, preset: str) -> None:
    spec = parse_spec({**WITHOUT_LENGTH, "model": model, "space": model, "dataset": "mnist", "preset": preset})
    named = load_preset(model, preset).hyperparameters
    assert spec.fixed == {name: value for name, value in named.items() if name not in spec.space}
    assert spec.search_space().names


def test_a_preset_fixes_what_is_neither_fixed_nor_searched() -> None:
    raw = {**SOUND, "preset": "article", "space": {"beta": BETA}, "fixed": {"lr": 0.01, "hidden": 64}}
    assert parse_spec(raw).fixed == {"batch_size": 64, "latent_dim": 100, "lr": 0.01, "hidden": 64}


def test_what_a_shipped_space_searches_stays_searched_beside_a_preset() -> None:
    spec = parse_spec({**SOUND, "preset": "article"})
    assert spec.search_space().names == ("beta", "lr")
    assert spec.fixed == {"batch_size": 64, "latent_dim": 100}


def test_a_preset_and_what_it_stands_for_are_one_sweep() -> None:
    short = parse_spec({**WITHOUT_LENGTH, "preset": "article", "space": {"beta": BETA}})
    fixed = {name: value for name, value in ARTICLE.items() if name != "beta"}
    long = parse_spec({**SOUND, "space": {"beta": BETA}, "fixed": fixed, "hyperband": {"max_epochs": 81}})
    assert (short.preset, long.preset) == ("article", None)
    assert (short.canonical(), short.sweep_id) == (long.canonical(), long.sweep_id)
    assert "article" not in short.canonical()


@pytest.mark.parametrize(
    ("given", "max_epochs"),
    [
        ({}, 81),
        ({"hyperband": {}}, 81),
        ({"hyperband": {"eta": 4}}, 64),
        ({"hyperband": {"eta": 2, "iterations": 3}}, 128),
        ({"hyperband": {"max_epochs": 9}}, 9),
    ],
)
def test_a_preset_gives_the_nearest_length_unless_the_spec_says_one(given: dict[str, Any], max_epochs: int) -> None:
    hyperband = parse_spec({**WITHOUT_LENGTH, "preset": "article", **given}).hyperband
    assert hyperband.max_epochs == max_epochs
    assert hyperband.iterations == given.get("hyperband", {}).get("iterations", 1)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"preset": "articel"},
            Fault("preset", "it must be a preset of beta_vae", "'articel'", "Did you mean article?"),
        ),
        ({"preset": "gan"}, Fault("preset", "it must be a preset of beta_vae", "'gan'", "There are: article, paper.")),
        (
            {"presets": "article"},
            Fault("presets", "it must be a key of this section", "'presets'", "Did you mean preset?"),
        ),
    ],
    ids=["typo", "of another model", "key"],
)
def test_a_preset_that_there_is_not_is_told_the_nearest_name(changes: dict[str, Any], fault: Fault) -> None:
    assert fault_of(**changes) == fault


def test_a_faulty_preset_or_model_leaves_no_fault_of_the_missing_length() -> None:
    for changes, path in (({"preset": "articel"}, "preset"), ({"preset": 3}, "preset"), ({"model": "x"}, "model")):
        faults = faults_of(**{"preset": "article", "space": {}, "hyperband": {"eta": 3}, **changes})
        assert [fault.path for fault in faults] == [path]
    assert fault_of(preset="article", hyperband={"eta": "3"}).path == "hyperband.eta"
    assert fault_of(preset="article", hyperband=[9]).path == "hyperband"
    assert fault_of(preset="article", fixed=["lr"]).path == "fixed"


@pytest.mark.parametrize("model", ["../library/infogan", "a\0b", "b" * 50_000, ["infogan"], None])
def test_a_model_that_there_is_not_is_never_looked_for_among_files(model: Any) -> None:
    assert {fault.path for fault in faults_of(model=model, preset="gan")} == {"model"}


@pytest.mark.parametrize(
    ("changes", "left_out"),
    [
        ({"fixed": {"label_weight": 0}}, {"beta"}),
        ({"fixed": {"labels_per_class": 0}}, {"beta"}),
        ({"fixed": {"stochastic_bottleneck": False}}, set()),
        ({"fixed": {"stochastic_bottleneck": False, "learned_noise": False}}, {"kappa"}),
        ({"fixed": {"adversarial": "hinge"}}, {"adversarial", "gradient_penalty"}),
        ({"preset": "gan"}, {"beta", "kappa"}),
        ({"preset": "gan", "fixed": {"label_weight": 1, "labels_per_class": 9}}, {"kappa"}),
        ({"preset": "article"}, set()),
    ],
)
def test_a_shipped_space_does_not_search_what_has_no_effect(changes: dict[str, Any], left_out: set[str]) -> None:
    infogan = {**SOUND, "model": "infogan", "space": "infogan"}
    whole, left = (set(parse_spec(raw).search_space().names) for raw in (infogan, {**infogan, **changes}))
    assert whole - left == left_out
    assert left < whole or not left_out
