"""Covariances against torch's own, and against many draws."""

import pytest
import torch
from torch import Tensor

from models.losses.covariance import covariance, covariance_gap, mixture_covariance


def test_the_covariance_is_torchs() -> None:
    x = _normal(7, 3)
    torch.testing.assert_close(covariance(x), torch.cov(x.T, correction=0))
    assert covariance(x[:1]).abs().max() == 0


def test_the_covariance_of_a_mixture_is_that_of_its_draws() -> None:
    mu, log_var = _normal(6, 2), _normal(6, 2, seed=1)
    rows = torch.arange(6).repeat(100_000)
    z = mu[rows] + (0.5 * log_var[rows]).exp() * _normal(600_000, 2, seed=2)
    torch.testing.assert_close(mixture_covariance(mu, log_var), torch.cov(z.T), atol=0.03, rtol=0)


def test_the_gap_is_its_equation_and_0_for_the_identity() -> None:
    gap = covariance_gap(torch.tensor([[1.5, 0.2, -0.1], [0.2, 1.0, 0.3], [-0.1, 0.3, 0.5]]))
    assert gap.off_diagonal.item() == pytest.approx(2 * (0.04 + 0.01 + 0.09))
    assert gap.diagonal.item() == pytest.approx(0.25 + 0.25)
    assert [term.item() for term in covariance_gap(torch.eye(3))] == [0.0, 0.0]


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
