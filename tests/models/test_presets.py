"""Presets: all there, each with its source and nothing that its model does not allow."""

from dataclasses import FrozenInstanceError

import pytest

from models.build import build
from models.hyperparameters import HYPERPARAMETERS, defaults, parse, rules
from models.infogan_hyperparameters import InfoGAN
from models.presets import LIBRARY, Preset, load_preset, preset_names

PRESETS = [(path.parent.name, path.stem) for path in sorted(LIBRARY.rglob("*.yaml"))]


def test_every_file_of_the_library_is_a_preset_of_a_model_that_ships() -> None:
    assert [(model, name) for model in sorted(HYPERPARAMETERS) for name in preset_names(model)] == PRESETS
    assert preset_names("infogan") == ("article", "gan", "infogan_2016", "ss_infogan")
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
def test_a_preset_builds_for_28_by_28_images(model: str, name: str) -> None:
    built = build(model, load_preset(model, name).hyperparameters, side=28, classes=10, seed=0)
    assert built.side == 28


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


def test_a_preset_cannot_be_changed() -> None:
    preset = load_preset("infogan", "gan")
    with pytest.raises(TypeError):
        preset.hyperparameters["lambda"] = 1.0  # type: ignore[index]  # that it cannot be set is the point
    with pytest.raises(FrozenInstanceError):
        preset.epochs = 3  # type: ignore[misc]  # as above


def test_what_is_no_preset_of_the_model_is_a_key_error() -> None:
    for model, name in (("infogan", "paper"), ("beta_vae", "article"), ("infogan", "../infogan/gan")):
        with pytest.raises(KeyError, match=name):
            load_preset(model, name)


def _infogan(preset: Preset) -> InfoGAN:
    parsed = parse(preset.model, preset.hyperparameters)
    assert isinstance(parsed, InfoGAN)
    return parsed
