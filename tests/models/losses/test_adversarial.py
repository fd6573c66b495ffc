"""Adversarial losses against binary cross-entropies."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.losses.adversarial import discriminator_loss, feature_distance, generator_loss


def test_a_discriminator_that_cannot_tell_costs_two_log_two_and_its_generator_log_two() -> None:
    undecided = torch.zeros(8)
    assert discriminator_loss(undecided, undecided).item() == pytest.approx(2 * math.log(2))
    assert generator_loss(undecided).item() == pytest.approx(math.log(2))


def test_adversarial_losses_are_binary_cross_entropies() -> None:
    real, fake = _normal(9), _normal(9, seed=1)
    ones, zeros = torch.ones_like(real), torch.zeros_like(real)
    bce = F.binary_cross_entropy_with_logits
    torch.testing.assert_close(discriminator_loss(real, fake), bce(real, ones) + bce(fake, zeros))
    torch.testing.assert_close(generator_loss(fake), bce(fake, ones))


def test_feature_distance_compares_the_batchs_mean_alone() -> None:
    fake = torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    assert feature_distance(fake, torch.tensor([2.0, 2.0])).item() == 0
    assert feature_distance(fake, torch.tensor([5.0, -2.0])).item() == 3**2 + 4**2


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=_seeded(seed), dtype=torch.float64)


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
