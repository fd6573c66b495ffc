"""Categorical terms against torch.distributions and against frequencies."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, RelaxedOneHotCategorical, kl_divergence

from models.losses.categorical import (
    categorical_kl,
    categorical_log_ratio,
    draw_one_hot,
    draw_relaxed,
    draw_straight_through,
    gumbel,
)
from tests.models.oracles import log_prob


def test_categorical_kl_is_the_divergence_of_torch_distributions() -> None:
    log_q = _log_q(5, 3, 4)
    uniform = Categorical(logits=torch.zeros(4).double())
    expected = kl_divergence(Categorical(logits=log_q), uniform).sum(dim=1)
    torch.testing.assert_close(categorical_kl(log_q), expected)


def test_categorical_kl_lies_between_nothing_and_the_entropy_of_the_prior() -> None:
    assert categorical_kl(torch.zeros(1, 20, 10).log_softmax(dim=2)).item() == pytest.approx(0, abs=1e-5)
    certain = torch.full((1, 20, 10), -1e4).index_fill(2, torch.tensor([3]), 0.0).log_softmax(dim=2)
    assert categorical_kl(certain).item() == pytest.approx(20 * math.log(10), rel=1e-6)


def test_categorical_log_ratio_is_that_of_the_probabilities_of_torch_distributions() -> None:
    log_q = _log_q(5, 3, 4)
    drawn = torch.arange(15).view(5, 3) % 4
    uniform = Categorical(logits=torch.zeros(4).double())
    expected = (log_prob(uniform, drawn) - log_prob(Categorical(logits=log_q), drawn)).sum(dim=1)
    torch.testing.assert_close(categorical_log_ratio(torch.eye(4).double()[drawn], log_q), expected)


def test_gumbel_noise_is_gumbel_and_always_finite() -> None:
    noise = gumbel(_uniform(50_000))
    for edge in (-1.0, 0.0, 1.0, 3.0):
        distribution_function = math.exp(-math.exp(-edge))
        assert noise.lt(edge).double().mean().item() == pytest.approx(distribution_function, abs=0.01)
    assert noise.mean().item() == pytest.approx(0.5772, abs=0.02)  # Euler's constant
    assert gumbel(torch.tensor([0.0, 1 - 2**-24])).isfinite().all()


def test_hard_draws_have_the_frequencies_of_their_distribution() -> None:
    log_q = _log_q(1, 1, 4).expand(50_000, 1, 4)
    draws = draw_one_hot(log_q, gumbel(_uniform(50_000, 1, 4)))
    assert set(draws.flatten().tolist()) == {0.0, 1.0}
    assert (draws.sum(dim=2) == 1).all()
    torch.testing.assert_close(draws.mean(dim=0), log_q[0].exp(), atol=0.01, rtol=0)


def test_relaxed_draws_have_the_density_of_torch_distributions() -> None:
    """For two values: the share of draws below a point against the integral of the density up to it."""
    log_q, temperature = torch.tensor([0.3, 0.7]).double().log(), torch.tensor(0.7).double()
    draws = draw_relaxed(log_q.expand(100_000, 2), gumbel(_uniform(100_000, 2)), temperature)[:, 0]
    grid = (torch.arange(20_000).double() + 0.5) / 20_000
    density = log_prob(RelaxedOneHotCategorical(temperature, logits=log_q), torch.stack([grid, 1 - grid], dim=1)).exp()
    for edge in (0.1, 0.5, 0.9):
        expected = density[grid < edge].sum().item() / 20_000
        assert draws.lt(edge).double().mean().item() == pytest.approx(expected, abs=0.01)


def test_relaxed_draws_become_the_hard_ones_of_the_same_noise_as_the_temperature_falls() -> None:
    log_q, noise = _log_q(50, 3, 4), gumbel(_uniform(50, 3, 4))
    hard = draw_one_hot(log_q, noise)
    assert torch.equal(draw_relaxed(log_q, noise, 2.0).argmax(dim=2), hard.argmax(dim=2))
    torch.testing.assert_close(draw_relaxed(log_q, noise, 1e-4), hard, atol=1e-3, rtol=0)


def test_straight_through_draws_are_hard_and_have_the_gradient_of_relaxed_ones() -> None:
    """The gradient against the Jacobian of softmax((log q + g)/τ), which is (diag p - p pᵀ)/τ."""
    log_q, noise, slope = _log_q(6, 4).requires_grad_(), gumbel(_uniform(6, 4)), _uniform(6, 4)
    drawn = draw_straight_through(log_q, noise, 0.7)
    assert torch.equal(drawn.detach(), draw_one_hot(log_q, noise))
    (gradient,) = torch.autograd.grad((drawn * slope).sum(), log_q)
    p = ((log_q.detach() + noise) / 0.7).softmax(dim=1)
    expected = (p * slope - p * (p * slope).sum(dim=1, keepdim=True)) / 0.7
    torch.testing.assert_close(gradient, expected)


def _log_q(*shape: int) -> Tensor:
    normal = torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return normal.log_softmax(dim=-1)


def _uniform(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
