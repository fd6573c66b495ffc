"""Alarms: what they count, when they ring, and in which folds."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest
import torch
from torch import Tensor

from models.alarms import ALARMS
from models.fold_group import FoldGroup
from models.infogan import InfoGANModel
from models.infogan_hyperparameters import InfoGAN
from models.infogan_watch import Watch
from models.stacking import stack
from tests.models.plain_infogan import FULL, infogan
from tests.models.training import digits


def test_an_easy_game_counts_from_its_start_and_the_longest_run_is_kept() -> None:
    watch = Watch()
    _note(watch, [0.05] * 7 + [0.2] + [0.01] * 3)
    assert (watch.easy_steps.item(), watch.longest_run.item()) == (3, 7)


def test_the_discriminator_has_won_after_500_easy_steps_on_end_and_not_before() -> None:
    watch = Watch()
    _note(watch, [0.05] * 499)
    assert not watch.discriminator_won()
    _note(watch, [0.3] + [0.05] * 499)
    assert not watch.discriminator_won()
    _note(watch, [0.05])
    assert watch.discriminator_won()
    _note(watch, [1.4])
    assert watch.discriminator_won()


def test_codes_are_ignored_below_half_of_log_k_from_the_fifth_epoch_on() -> None:
    for nats, epochs, ignored in ((1.14, 5, True), (1.16, 5, False), (1.14, 4, False), (0.0, 99, True)):
        watch = Watch()
        _note(watch, [1.4] * 20, information=nats)
        assert watch.information.item() == pytest.approx(nats)
        assert watch.codes_ignored(epochs, classes=10).item() is ignored
    assert 1.14 < 0.5 * math.log(10) < 1.16


def test_the_information_is_a_mean_at_first_and_then_follows() -> None:
    watch = Watch()
    for step, nats in enumerate((1.0, 2.0, 3.0), start=1):
        watch.note(_terms(1.4, nats), torch.tensor(float(step)))
    assert watch.information.item() == pytest.approx(2)
    watch.note(_terms(1.4, 0.0), torch.tensor(1e6))
    assert watch.information.item() == pytest.approx(0.95 * 2)


def test_a_model_notes_its_own_terms() -> None:
    images, labels = digits(32)
    model = infogan(FULL)
    batch, noise = model.labelled_minibatch(images, labels), model.draw_noise(32, torch.Generator().manual_seed(0))
    terms = model.minibatch_step(batch, noise, model.make_optimizers())
    torch.testing.assert_close(model.watch.information, terms["train/mi_cat"])
    assert model.watch.easy_steps.item() == float(terms["train/adversarial_d"] < 0.1) == 0


@pytest.mark.parametrize(
    ("chosen", "watched"),
    [
        (FULL, {"codes_ignored", "discriminator_won"}),
        (replace(FULL, adversarial="hinge"), {"codes_ignored", "discriminator_won"}),
        (replace(FULL, adversarial="wgan-gp"), {"codes_ignored"}),
        (replace(FULL, lambda_=0.0), {"discriminator_won"}),
    ],
)
def test_a_model_watches_what_its_losses_show(chosen: InfoGAN, watched: set[str]) -> None:
    rings = infogan(chosen).alarms(epochs=1)
    assert rings.keys() == watched
    assert watched <= ALARMS.keys()
    assert not any(rings.values())


def test_alarms_of_a_stack_are_those_of_its_folds() -> None:
    models = [infogan(FULL) for _ in range(3)]
    models[1].watch.longest_run.fill_(500)
    models[2].watch.information.fill_(2.0)
    rings = stack(models).alarms(epochs=5)
    assert rings["discriminator_won"].tolist() == [False, True, False]
    assert rings["codes_ignored"].tolist() == [True, True, False]


@pytest.mark.parametrize("largest_stacked_work", [0, 30_000_000])
def test_a_fold_group_names_the_folds_in_which_an_alarm_rings(
    largest_stacked_work: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.stacking.LARGEST_STACKED_WORK", largest_stacked_work)
    models = [infogan(FULL) for _ in range(3)]
    models[1].watch.longest_run.fill_(500)
    group = _group(models)
    group.train_to(1)
    assert group.alarms() == {"discriminator_won": [1]}
    continued = _group([infogan(FULL) for _ in range(3)])
    continued.load_state({name: value.clone() for name, value in group.state().items()})
    assert continued.alarms() == {"discriminator_won": [1]}


def test_training_whose_codes_have_hardly_a_weight_is_found_to_ignore_them() -> None:
    """Codes that hardly matter stay untold; those that do are told within eight epochs of digits."""
    images, labels = digits(640)
    heeded = replace(FULL, bottleneck=64, hidden=64)
    ignored = replace(heeded, lambda_=1e-6, alpha=0.0, label_weight=0.0)
    rung = []
    for chosen in (ignored, heeded):
        group = FoldGroup([infogan(chosen)], [torch.arange(640)], images, labels, batch_size=16, seed_for=_seed_for)
        group.train_to(8)
        rung.append(group.alarms())
    assert rung == [{"codes_ignored": [0]}, {}]


def _note(watch: Watch, adversarial: Sequence[float], information: float = 2.0) -> None:
    for step, loss in enumerate(adversarial, start=1):
        watch.note(_terms(loss, information), torch.tensor(float(step)))


def _terms(adversarial: float, information: float) -> dict[str, Tensor]:
    return {"train/adversarial_d": torch.tensor(adversarial), "train/mi_cat": torch.tensor(information)}


def _group(models: Sequence[InfoGANModel]) -> FoldGroup:
    images, labels = digits(60)
    parts = [torch.arange(60)[torch.arange(60) % 3 != fold] for fold in range(3)]
    return FoldGroup(models, parts, images, labels, batch_size=20, seed_for=_seed_for)


def _seed_for(purpose: Literal["labels", "training"], fold: int, epoch: int) -> int:
    return len(purpose) + 1000 * fold + 10 * epoch
