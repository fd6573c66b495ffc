"""The game of images with their labels, against losses that the tests compute on their own."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.base import Minibatch
from models.infogan_hyperparameters import InfoGAN
from tests.models.plain_infogan import (
    FULL,
    INFOGAN,
    assert_same_with_gradients,
    bce,
    infogan,
    plain_fakes,
    plain_heads,
    plain_j,
    plain_l,
    setting,
)
from tests.models.training import digits, learn, seeded, train

GUIDED = replace(INFOGAN, label_weight=0.7, beta=0.2)
PAIRS = replace(GUIDED, label_in_logit=True)


def test_pairs_add_a_game_whose_logits_hold_q_fixed() -> None:
    """J and every gradient of it, those of Q's columns among them, with the channel as a matrix."""
    model, batch, noise = setting(PAIRS)
    channel = 0.8 * torch.eye(10, dtype=torch.float64) + 0.02
    labelled = plain_heads(model, batch.labelled_images)
    fake = plain_heads(model, plain_fakes(model, noise).detach())
    others = torch.cat([noise["category"][-1:], noise["category"][:-1]])
    label = -(labelled[:, 1:11].softmax(dim=1) @ channel).log().gather(1, batch.labels[:, None]).mean()
    pairs = bce(_logit(labelled, batch.labels, channel), 1.0) + bce(_logit(fake, others, channel), 0.0)
    expected = plain_j(model, batch.images, noise) + 0.7 * label + pairs
    fakes = model.fakes(noise)
    loss, terms, _ = model.loss_j(batch, fakes.detach(), noise)
    assert_same_with_gradients(loss, expected, model.discriminator)
    torch.testing.assert_close(terms["train/adversarial_pairs"], pairs)
    assert_same_with_gradients(model.loss_l(fakes, noise)[0], plain_l(model, noise), model.generator)


@pytest.mark.parametrize(
    "without",
    [
        replace(PAIRS, label_in_logit=False),
        replace(PAIRS, beta=1.0),
        replace(PAIRS, adversarial="hinge"),
        replace(PAIRS, labels_per_class=0),
        replace(PAIRS, label_weight=0.0),
    ],
)
def test_where_it_has_no_effect_a_step_is_bit_for_bit_what_it_was(without: InfoGAN) -> None:
    images, labels = digits(32)
    states = []
    for chosen in (without, replace(without, label_in_logit=False)):
        model = infogan(chosen)
        terms = learn(model, model.make_optimizers(), images, labels, seeded(0))
        assert "train/adversarial_pairs" not in terms
        states.append(model.state_dict())
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())


def test_a_pair_whose_label_does_not_fit_looks_less_real() -> None:
    """After training with pairs the right label is worth at most log K to the logit, and a wrong one costs."""
    images, labels = digits(640)
    model = infogan(replace(FULL, label_in_logit=True, bottleneck=64, hidden=64))
    terms = train(model, model.make_optimizers(), images, labels, range(12))
    assert all(term.isfinite() for each in terms for term in each.values())
    assert torch.stack([each["train/mi_cat"] for each in terms[-20:]]).mean().item() > 1.2
    real = model.discriminator(images, None)
    channel = 0.95 * torch.eye(10) + 0.005
    right, wrong = (_logit(real.outputs, y, channel) - real.logit for y in (labels, (labels + 1) % 10))
    assert 1.0 < right.mean().item() < 2.303
    assert wrong.mean().item() < -1.0


def test_a_single_generated_image_is_paired_with_what_there_is() -> None:
    model = infogan(replace(FULL, label_in_logit=True))
    images, labels = digits(1)
    batch = Minibatch(images, images, labels)
    terms = model.minibatch_step(batch, model.draw_noise(1, seeded(0)), model.make_optimizers())
    assert terms["train/adversarial_pairs"].isfinite()


def _logit(heads: Tensor, labels: Tensor, channel: Tensor) -> Tensor:
    """Return s0 + log (K · P(y|x)) of each image and label."""
    posterior = heads[:, 1:11].detach().softmax(dim=1) @ channel
    return heads[:, 0] + (10 * posterior.gather(1, labels[:, None]).squeeze(1)).log()
