"""The parts of KL over all images, against torch's mixtures, the prior itself, and codes far apart."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from models.losses.gaussian import gaussian_kl
from models.metrics.aggregate_posterior import aggregate_kl_parts
from tests.models.oracles import log_prob


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_parts_are_those_of_torchs_mixtures() -> None:
    mu, log_var = normal(7, 3, seed=0), normal(7, 3, seed=1)
    rows = torch.arange(120) % 7
    deviation = (0.5 * log_var).exp()
    z = mu[rows] + deviation[rows] * normal(120, 3, seed=2)
    alike = Categorical(torch.ones(7).double())
    log_joint = log_prob(MixtureSameFamily(alike, Independent(Normal(mu, deviation), 1)), z)
    marginals = MixtureSameFamily(Categorical(torch.ones(3, 7).double()), Normal(mu.T, deviation.T))
    log_marginals = log_prob(marginals, z).sum(dim=1)
    log_posterior = log_prob(Normal(mu[rows], deviation[rows]), z).sum(dim=1)
    log_prior = log_prob(Normal(0.0, 1.0), z).sum(dim=1)
    expected = [log_posterior - log_joint, log_joint - log_marginals, log_marginals - log_prior]
    parts = aggregate_kl_parts(z, rows, mu, log_var)
    assert [part.item() for part in parts] == pytest.approx([term.mean().item() for term in expected])


def test_codes_that_are_all_alike_and_the_prior_have_no_parts() -> None:
    parts = aggregate_kl_parts(normal(60, 2, seed=0), torch.arange(60) % 9, torch.zeros(9, 2), torch.zeros(9, 2))
    assert [part.item() for part in parts] == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)


def test_codes_far_apart_tell_the_image_and_a_diagonal_of_them_one_dimension_twice() -> None:
    """Eight codes on a diagonal: either dimension tells all, so that MI = TC = log 8, and the sum is KL."""
    mu = torch.arange(8.0, dtype=torch.float64)[:, None].repeat(1, 2) - 3.5
    log_var = torch.full_like(mu, 2 * math.log(0.01))
    rows = torch.arange(8).repeat(2_000)
    z = mu[rows] + 0.01 * normal(16_000, 2, seed=0)
    parts = aggregate_kl_parts(z, rows, mu, log_var)
    assert parts.mutual_information.item() == pytest.approx(math.log(8))
    assert parts.total_correlation.item() == pytest.approx(math.log(8))
    assert sum(part.item() for part in parts) == pytest.approx(gaussian_kl(mu, log_var).mean().item(), rel=1e-3)
