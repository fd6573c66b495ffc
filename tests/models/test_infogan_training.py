"""The InfoGAN as it trains and samples."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from models.build import build
from models.infogan import InfoGANModel
from models.infogan_networks import Codes
from tests.models.plain_infogan import (
    FULL,
    infogan,
)
from tests.models.training import digits, learn, seeded, train


def test_each_optimizer_owns_its_half_of_the_weights() -> None:
    model = infogan(FULL)
    optimizer_j, optimizer_l = model.make_optimizers()
    assert optimizer_j.param_groups[0]["params"] == list(model.discriminator.parameters())
    assert optimizer_l.param_groups[0]["params"] == list(model.generator.parameters())
    assert (optimizer_j.param_groups[0]["lr"], optimizer_l.param_groups[0]["lr"]) == (FULL.lr, FULL.lr_generator)


def test_it_asks_for_labels_only_if_they_have_a_weight() -> None:
    asked = [FULL, replace(FULL, label_weight=0), replace(FULL, labels_per_class=0)]
    assert [infogan(chosen).labels_per_class for chosen in asked] == [250, 0, 0]


def test_codes_are_uniform_and_their_vectors_hold_both_kinds() -> None:
    noise = infogan(FULL).draw_noise(20_000, seeded(0))
    codes = Codes(noise["category"], noise["continuous"])
    frequencies = codes.category.bincount(minlength=10) / 20_000
    torch.testing.assert_close(frequencies, torch.full((10,), 0.1), atol=0.01, rtol=0)
    assert codes.continuous.abs().max() < 1
    torch.testing.assert_close(codes.continuous.var(dim=0), torch.full((2,), 1 / 3), atol=0.01, rtol=0)
    assert torch.equal(codes.vector(10)[:, :10].argmax(dim=1), codes.category)
    assert torch.equal(codes.vector(10)[:, 10:], codes.continuous)


def test_samples_come_from_the_averaged_generator_with_classes_in_turn() -> None:
    model = infogan(FULL)
    nn.init.normal_(model.averaged_generator.embed.weight)
    generator = seeded(0)
    continuous = 2 * torch.rand(30, 2, generator=generator) - 1
    noise = torch.randn(30, 12, generator=generator)
    expected = model.averaged_generator(noise, Codes(torch.arange(30) % 10, continuous))
    assert torch.equal(model.sample(30, seeded(0)), expected)


def test_the_averaged_generator_forgets_its_start_and_then_follows_slowly() -> None:
    images, labels = digits(32)
    model = infogan(FULL)
    expected = [parameter.clone() for parameter in model.generator.parameters()]
    optimizers = model.make_optimizers()
    for step in range(1, 4):
        train(model, optimizers, images, labels, range(step, step + 1))
        rate = 9 / (9 + step)
        expected = [
            (1 - rate) * average + rate * current
            for average, current in zip(expected, model.generator.parameters(), strict=True)
        ]
    for average, value in zip(model.averaged_generator.parameters(), expected, strict=True):
        torch.testing.assert_close(average, value)
    model.steps.fill_(1e6)
    before = [average.clone() for average in model.averaged_generator.parameters()]
    train(model, optimizers, images, labels, range(4, 5))
    for average, old, current in zip(
        model.averaged_generator.parameters(), before, model.generator.parameters(), strict=True
    ):
        torch.testing.assert_close(average, 0.99 * old + 0.01 * current)


def test_training_on_digits_ties_codes_to_images_and_lowers_both_losses() -> None:
    images, labels = digits(640)
    model = infogan(replace(FULL, bottleneck=64, hidden=64))
    terms = train(model, model.make_optimizers(), images, labels, range(12))
    early, late = ({name: _mean(part, name) for name in terms[0]} for part in (terms[:20], terms[-20:]))
    assert early["train/mi_cat"] < 0.5
    assert late["train/mi_cat"] > 1.8
    assert late["train/label"] < 0.5 * early["train/label"]
    assert late["loss/J"] < early["loss/J"]
    assert late["loss/L"] < early["loss/L"]


def test_one_epoch_on_digits_lowers_j_and_the_loss_of_labelled_images() -> None:
    """L may rise at first: the discriminator learns faster."""
    images, labels = digits(960)
    model = build("infogan", {"hidden": 64}, side=8, classes=10, seed=4)
    terms = train(model, model.make_optimizers(), images, labels, range(1))
    early, late = ({name: _mean(part, name) for name in terms[0]} for part in (terms[:5], terms[-5:]))
    assert late["loss/J"] < early["loss/J"] - 0.1
    assert late["train/label"] < 0.95 * early["train/label"]


def test_convolutional_infogan_takes_a_step_on_larger_images() -> None:
    model = InfoGANModel(replace(FULL, network="conv"), side=28, classes=10)
    images, labels = torch.rand(20, 28, 28, generator=seeded(0)), torch.arange(20) % 10
    terms = learn(model, model.make_optimizers(), images, labels, seeded(0))
    assert terms["loss/J"].isfinite()
    assert model.sample(20, seeded(0)).shape == (20, 28, 28)


def _mean(terms: list[dict[str, Tensor]], name: str) -> float:
    return torch.stack([each[name] for each in terms]).mean().item()
