"""Adversarial losses against binary cross-entropies and plain sums, penalties against slopes by finite differences."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.losses.adversarial import (
    discriminator_loss,
    feature_distance,
    generator_loss,
    lipschitz_penalty,
    r1_penalty,
    squared_slopes,
)


@pytest.mark.parametrize(
    ("kind", "discriminator", "generator"),
    [("ns", 2 * math.log(2), math.log(2)), ("hinge", 2.0, 0.0), ("wgan-gp", 0.0, 0.0)],
)
def test_what_a_discriminator_that_cannot_tell_costs(kind: str, discriminator: float, generator: float) -> None:
    undecided = torch.zeros(8)
    assert discriminator_loss(kind, undecided, undecided).item() == pytest.approx(discriminator)
    assert generator_loss(kind, undecided).item() == pytest.approx(generator)


def test_non_saturating_losses_are_binary_cross_entropies() -> None:
    real, fake = _normal(9), _normal(9, seed=1)
    ones, zeros = torch.ones_like(real), torch.zeros_like(real)
    bce = F.binary_cross_entropy_with_logits
    torch.testing.assert_close(discriminator_loss("ns", real, fake), bce(real, ones) + bce(fake, zeros))
    torch.testing.assert_close(generator_loss("ns", fake), bce(fake, ones))


def test_hinge_losses_ask_for_a_margin_of_one_and_no_more() -> None:
    real, fake = torch.tensor([3.0, 1.0, 0.5, -1.0]), torch.tensor([-2.0, -1.0, 0.0, 2.0])
    assert discriminator_loss("hinge", real, fake).item() == (0 + 0 + 0.5 + 2) / 4 + (0 + 0 + 1 + 3) / 4
    assert generator_loss("hinge", fake).item() == (2 + 1 + 0 - 2) / 4


def test_wasserstein_losses_are_differences_of_means() -> None:
    real, fake = torch.tensor([3.0, 1.0]), torch.tensor([-2.0, 1.0])
    assert discriminator_loss("wgan-gp", real, fake).item() == -0.5 - 2
    assert generator_loss("wgan-gp", fake).item() == 0.5


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="adversarial must be ns, hinge or wgan-gp, but got 'lsgan'"):
        discriminator_loss("lsgan", torch.zeros(1), torch.zeros(1))
    with pytest.raises(ValueError, match="adversarial must be ns, hinge or wgan-gp, but got 'lsgan'"):
        generator_loss("lsgan", torch.zeros(1))


def test_slopes_of_a_linear_score_are_its_weights() -> None:
    weights = _normal(4, 4)
    slopes = squared_slopes(lambda x: (x * weights).sum(dim=(1, 2)), _normal(5, 4, 4, seed=1))
    torch.testing.assert_close(slopes, weights.square().sum().expand(5))


def test_slopes_are_what_finite_differences_say() -> None:
    network, images, step = _network(), _normal(3, 2, 2, seed=1), 1e-6
    slopes = squared_slopes(_score(network), images)
    expected = torch.zeros(3, dtype=torch.float64)
    for pixel in range(4):
        nudge = step * torch.eye(4, dtype=torch.float64)[pixel].view(2, 2)
        rise = _score(network)(images + nudge) - _score(network)(images - nudge)
        expected += (rise.detach() / (2 * step)).square()
    torch.testing.assert_close(slopes, expected, atol=1e-7, rtol=1e-7)


def test_penalties_are_those_of_the_papers_and_so_are_their_gradients() -> None:
    """Mescheder's ½ E ||∇||² and Gulrajani's E (||∇|| - 1)², with torch's own double backward."""
    network, images = _network(), _normal(3, 2, 2, seed=1)
    slopes = squared_slopes(_score(network), images)
    read = images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(_score(network)(read).sum(), read, create_graph=True)
    norms = gradient.flatten(1).norm(dim=1)
    expected = {"r1": norms.square().mean() / 2, "gp": ((norms - 1) ** 2).mean()}
    ours = {"r1": r1_penalty(slopes), "gp": lipschitz_penalty(slopes)}
    weights = list(network.parameters())[:-1]  # the slope does not depend on the last bias
    for name, penalty in ours.items():
        torch.testing.assert_close(penalty, expected[name], atol=1e-9, rtol=1e-9)
        mine = torch.autograd.grad(penalty, weights, retain_graph=True)
        theirs = torch.autograd.grad(expected[name], weights, retain_graph=True)
        torch.testing.assert_close(mine, theirs, atol=1e-8, rtol=1e-8)


def test_a_flat_score_is_penalised_with_finite_gradients() -> None:
    flat = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    penalty = lipschitz_penalty(squared_slopes(lambda x: (x * flat).sum(dim=(1, 2)), _normal(3, 2, 2)))
    assert penalty.item() == pytest.approx(1, abs=1e-5)
    (gradient,) = torch.autograd.grad(penalty, flat)
    assert gradient.isfinite().all()


def test_feature_distance_compares_the_batchs_mean_alone() -> None:
    fake = torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    assert feature_distance(fake, torch.tensor([2.0, 2.0])).item() == 0
    assert feature_distance(fake, torch.tensor([5.0, -2.0])).item() == 3**2 + 4**2


def _score(network: nn.Module) -> Callable[[Tensor], Tensor]:
    def score(images: Tensor) -> Tensor:
        logits: Tensor = network(images)
        return logits[:, 0]

    return score


def _network() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1)).double()


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=_seeded(seed), dtype=torch.float64)


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
