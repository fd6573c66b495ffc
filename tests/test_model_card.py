"""The card of a trained model says what it is, how it was measured, how it was trained and how it is used."""

from models.saved import ModelConfig
from sweeps.model_card import model_card
from tests.best_on_disk import best_config


def test_the_card_tells_all_that_someone_who_finds_the_model_asks() -> None:
    best = best_config("infogan", epochs=9)
    config = ModelConfig(
        model="infogan",
        hyperparameters=best.champion.hyperparameters,
        side=8,
        classes=10,
        levels=17,
        weights_sha256="0" * 64,
        training={
            "recipe": {"device": "cpu"},
            "terms": {"loss/L": 1.23456789},
            "versions": {"torch": "2.13.0"},
            "git_commit": "abc",
        },
    )
    card = model_card(best, config)
    assert card.startswith("# infogan on digits\n\nInfoGAN with the article's losses")
    for said in (
        "![Samples](samples.png)",
        'model = models.load(".")',
        "`fid` 7.25 ± 0.5 (lower is better)",
        "over 3 folds, measured by sweep `small-12345678` (trial 4)",
        "| 2 | 7.5 |",
        "9 epochs on 200 images, a subset of the training part of `digits`",
        best.measured.dataset_sha256,
        "not touched. The same best.yaml trains the same weights to the last bit on one kind of CPU.",
        "| loss/L | 1.23457 |",
        "| lambda | 1 |",
        "| spectral_norm | false |",
        "| torch | 2.13.0 |",
        "Source: abc.",
    ):
        assert said in card


def test_without_a_limit_it_is_the_whole_training_part() -> None:
    best = best_config()
    whole = best.model_copy(update={"measured": best.measured.model_copy(update={"limit": None})})
    config = ModelConfig(
        model="beta_vae",
        hyperparameters={},
        side=8,
        classes=10,
        levels=17,
        weights_sha256="",
        training={"recipe": {"device": "gpu"}, "terms": {}, "versions": {}, "git_commit": None},
    )
    card = model_card(whole, config)
    assert "1437 images, the whole training part of `digits`" in card
    assert "may end with other last bits" in card
    assert "Source: not a checkout." in card
