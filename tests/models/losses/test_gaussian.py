"""Gaussian terms against torch.distributions."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from models.losses.gaussian import draw_gaussian, gaussian_kl, gaussian_log_ratio, gaussian_nll, scale_kl
from tests.models.oracles import log_prob


def test_gaussian_kl_is_the_divergence_of_torch_distributions() -> None:
    mu, log_var = _normal(6, 3), _normal(6, 3, seed=1)
    expected = kl_divergence(Normal(mu, (0.5 * log_var).exp()), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(gaussian_kl(mu, log_var), expected)


def test_scale_kl_is_the_divergence_of_torch_distributions() -> None:
    scale = _normal(7).exp()
    expected = kl_divergence(Normal(torch.zeros_like(scale), scale), Normal(0.0, 1.0)).sum()
    torch.testing.assert_close(scale_kl(scale), expected)
    assert scale_kl(torch.ones(7)) == 0


def test_gaussian_nll_is_the_likelihood_of_torch_distributions() -> None:
    x, mu, log_var = _normal(6, 2), _normal(6, 2, seed=1), _normal(6, 2, seed=2)
    expected = -log_prob(Normal(mu, (0.5 * log_var).exp()), x).sum(dim=1)
    torch.testing.assert_close(gaussian_nll(x, mu, log_var), expected)


def test_gaussian_log_ratio_is_that_of_the_densities_of_torch_distributions() -> None:
    mu, log_var, noise = _normal(6, 3), _normal(6, 3, seed=1), _normal(6, 3, seed=2)
    q = Normal(mu, (0.5 * log_var).exp())
    z = q.mean + q.stddev * noise
    expected = (log_prob(Normal(0.0, 1.0), z) - log_prob(q, z)).sum(dim=1)
    torch.testing.assert_close(gaussian_log_ratio(z, log_var, noise), expected)


def test_draw_gaussian_has_the_mean_and_variance_it_is_given() -> None:
    mu, log_var = torch.tensor([1.0, -2.0]), torch.tensor([0.0, math.log(4.0)])
    draws = draw_gaussian(mu.expand(50_000, 2), log_var.expand(50_000, 2), _normal(50_000, 2).to(mu.dtype))
    torch.testing.assert_close(draws.mean(dim=0), mu, atol=0.03, rtol=0)
    torch.testing.assert_close(draws.var(dim=0), log_var.exp(), atol=0.06, rtol=0)


def test_draw_gaussian_lets_gradients_through() -> None:
    mu, log_var = torch.zeros(1, 1, requires_grad=True), torch.zeros(1, 1, requires_grad=True)
    draw = draw_gaussian(mu, log_var, torch.full((1, 1), 0.7))
    torch.autograd.backward(draw.sum())
    assert mu.grad is not None
    assert log_var.grad is not None
    assert mu.grad.item() == 1
    assert log_var.grad.item() == pytest.approx(0.5 * 0.7)


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=_seeded(seed), dtype=torch.float64)


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
