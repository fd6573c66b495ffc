"""Presets: all there, each with its source and nothing that its model does not allow."""

from dataclasses import FrozenInstanceError, replace

import pytest

from models.build import build
from models.dataset_facts import DATASETS
from models.hyperparameters import HYPERPARAMETERS, defaults, parse, rules
from models.infogan_hyperparameters import InfoGAN
from models.presets import LIBRARY, Preset, load_preset, preset_names
from models.rule import Value

PRESETS = [(path.parent.name, path.stem) for path in sorted(LIBRARY.rglob("*.yaml"))]


def test_every_file_of_the_library_is_a_preset_of_a_model_that_ships() -> None:
    assert [(model, name) for model in sorted(HYPERPARAMETERS) for name in preset_names(model)] == PRESETS
    assert preset_names("infogan") == ("article", "gan", "infogan_2016", "paper", "ss_infogan")
    assert {model for model in HYPERPARAMETERS if {"article", "paper"} <= set(preset_names(model))} == set(
        HYPERPARAMETERS
    )
    assert preset_names("beta-vae") == ()


@pytest.mark.parametrize(("model", "name"), PRESETS)
def test_a_preset_is_allowed_by_its_model_and_says_where_it_comes_from(model: str, name: str) -> None:
    preset = load_preset(model, name)
    parse(model, preset.hyperparameters)
    assert (preset.model, preset.name) == (model, name)
    assert preset.epochs >= 1
    assert len(preset.source) > 40
    assert 20 < len(preset.meaning) < 120


@pytest.mark.parametrize(("model", "name"), PRESETS)
def test_a_preset_names_every_weight_that_has_an_effect_in_it(model: str, name: str) -> None:
    """So that a default which changes one day does not change what a publication is said to have done."""
    preset = load_preset(model, name)
    known = rules(model)
    whole = {**defaults(model), **preset.hyperparameters}
    unnamed = {rule.name for rule in known.values() if rule.weight and rule.matters(whole)} - set(
        preset.hyperparameters
    )
    assert all(whole[weight] == known[weight].neutral for weight in unnamed)


@pytest.mark.parametrize(("model", "name"), PRESETS)
def test_a_preset_builds_for_every_size_of_image_that_ships(model: str, name: str) -> None:
    for side in {facts.side for facts in DATASETS.values()}:
        built = build(model, load_preset(model, name).hyperparameters, side=side, classes=10, seed=0)
        assert built.side == side


def test_the_neutral_presets_switch_off_what_their_publications_do_not_have() -> None:
    gan, plain, guided, article = (
        _infogan(load_preset("infogan", name)) for name in ("gan", "infogan_2016", "ss_infogan", "article")
    )
    for chosen in (gan, plain, guided):
        assert (chosen.alpha, chosen.kappa, chosen.feature_matching, chosen.r1) == (0, 0, 0, 0)
        assert not (chosen.learned_noise or chosen.stochastic_bottleneck or chosen.baselines)
        assert chosen.average_decay == 0
    assert (gan.lambda_, gan.label_weight) == (0, 0)
    assert (plain.lambda_, plain.label_weight) == (1, 0)
    assert (guided.beta, guided.lambda_, guided.label_weight) == (1e-4, 0.8, 2)
    assert all((article.alpha, article.kappa, article.feature_matching, article.learned_noise, article.baselines))


def test_the_article_is_as_the_article_has_it() -> None:
    preset = load_preset("infogan", "article")
    article = _infogan(preset)
    assert (article.batch_size, article.lr, article.lr_generator, preset.epochs) == (64, 1e-4, 1e-4, 100)
    assert (article.labels_per_class, article.noise_dim, article.bottleneck) == (250, 100, 256)


def test_the_article_asks_the_same_of_every_model() -> None:
    for model in HYPERPARAMETERS:
        preset = load_preset(model, "article")
        named = preset.hyperparameters
        assert (named["batch_size"], named["lr"], preset.epochs) == (64, 1e-4, 100)
        assert named.get("latent_dim", named.get("noise_dim", 100)) == 100
        assert named.get("labels_per_class", 250) == 250


def test_a_second_name_is_the_same_preset() -> None:
    paper, named = load_preset("infogan", "paper"), load_preset("infogan", "infogan_2016")
    assert replace(paper, name=named.name, meaning=named.meaning) == named
    assert named.name in paper.meaning


@pytest.mark.parametrize(
    ("model", "published"),
    [
        ("vae", {"latent_dim": 50, "layers": 2, "hidden": 200, "batch_size": 20, "lr": 1e-3}),
        ("beta_vae", {"beta": 4, "latent_dim": 10, "batch_size": 64, "lr": 1e-4}),
        ("beta_tcvae", {"beta": 6, "lambda": 1, "alpha": 0, "latent_dim": 10, "batch_size": 2048, "lr": 1e-3}),
        ("factor_vae", {"beta": 36, "critic_hidden": 1000, "critic_layers": 6, "lr": 1e-4, "lr_critic": 1e-4}),
        ("dip_vae", {"variant": "II", "lambda": 10, "beta": 1, "latent_dim": 10}),
        ("info_vae", {"alpha": 1, "lambda": 784, "latent_dim": 20, "batch_size": 200, "decoder": "gaussian"}),
        ("cat_vae", {"variables": 20, "categories": 10, "annealing": 1e-4, "anneal_every": 1000, "temperature": 0.5}),
        ("cvae", {"latent_dim": 50, "hidden": 500, "layers": 2, "lr": 3e-4}),
    ],
)
def test_a_paper_is_as_its_source_has_it(model: str, published: dict[str, Value]) -> None:
    named = load_preset(model, "paper").hyperparameters
    assert {name: named[name] for name in published} == published


def test_a_preset_cannot_be_changed() -> None:
    preset = load_preset("infogan", "gan")
    with pytest.raises(TypeError):
        preset.hyperparameters["lambda"] = 1.0  # type: ignore[index]  # that it cannot be set is the point
    with pytest.raises(FrozenInstanceError):
        preset.epochs = 3  # type: ignore[misc]  # as above


def test_what_is_no_preset_of_the_model_is_a_key_error() -> None:
    for model, name in (("infogan", "papers"), ("beta_vae", "gan"), ("infogan", "../infogan/gan")):
        with pytest.raises(KeyError, match=name):
            load_preset(model, name)


def _infogan(preset: Preset) -> InfoGAN:
    parsed = parse(preset.model, preset.hyperparameters)
    assert isinstance(parsed, InfoGAN)
    return parsed
