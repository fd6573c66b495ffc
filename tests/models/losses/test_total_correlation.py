"""The parts of KL against torch.distributions, brute force, and a code whose densities are known."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal

from models.losses.total_correlation import kl_parts, log_densities, stratified_weights
from tests.models.oracles import log_prob

SIZES = [(2, 2), (2, 50), (5, 5), (5, 100), (64, 60_000)]


@pytest.mark.parametrize(("count", "examples"), SIZES)
def test_the_weights_of_every_draw_sum_to_1_with_its_own_image_counted_once_in_all(count: int, examples: int) -> None:
    weights = stratified_weights(count, examples).double()
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(count).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(weights.diagonal(), torch.full((count,), 1 / examples).double())
    assert (weights > 0).all()


@pytest.mark.parametrize(("count", "examples"), SIZES)
def test_the_weights_are_those_of_the_papers_text(count: int, examples: int) -> None:
    others, weights = count - 1, stratified_weights(count, examples)
    for i in range(count):
        for j in range(count):
            expected = 1 / others
            if j == i:
                expected = 1 / examples
            elif j == (i + 1) % count:
                expected = (examples - others) / (examples * others)
            assert weights[i, j].item() == pytest.approx(expected, rel=1e-6)


def test_the_published_weights_count_the_wrong_image_and_one_row_sums_to_more_than_1() -> None:
    """As rtqichen/beta-tcvae fills them: a stride of M + 1 through rows that are M + 1 long stays in one column."""
    published = _published_weights(5, 100)
    assert published[:, 0].tolist() == pytest.approx([0.01, 0.01, 0.01, 0.24, 0.01])
    assert published.sum(dim=1).tolist() == pytest.approx([1.0, 1.0, 1.0, 1.23, 1.0])
    assert not torch.allclose(published.diagonal(), torch.full((5,), 0.01))


def test_weights_of_all_examples_estimate_the_density_of_all_codes_exactly_in_expectation() -> None:
    """q(z) of N = 3 known posteriors, against the mean over all minibatches of 2 that hold the draw's own image."""
    mu, log_var, z = _normal(3, 2), _normal(3, 2, seed=1), _normal(3, 2, seed=2)
    densities = log_densities(z, mu, log_var).sum(dim=2).exp()
    weights = stratified_weights(2, 3).double()
    for own in range(3):
        others = [j for j in range(3) if j != own]
        estimates = [weights[0, 0] * densities[own, own] + weights[0, 1] * densities[own, j] for j in others]
        assert torch.stack(estimates).mean().item() == pytest.approx(densities[own].mean().item(), rel=1e-6)


def test_the_published_weights_are_biased_where_ours_are_not() -> None:
    """Over all minibatches of 3 out of 4 posteriors, in every order: the mean estimate of q(z) at one draw."""
    mu, log_var = _normal(4, 2), _normal(4, 2, seed=1)
    densities = log_densities(mu, mu, log_var).sum(dim=2).exp()
    truth = densities[0].mean().item()
    ours, theirs = stratified_weights(3, 4).double(), _published_weights(3, 4).double()
    orders = [(0, j, k) for j in range(1, 4) for k in range(1, 4) if j != k]
    by_row = {
        name: torch.stack([weights[row] @ densities[0, _with_own_at(order, row)] for order in orders]).mean().item()
        for row in (0, 1, 2)
        for name, weights in ((f"ours {row}", ours), (f"theirs {row}", theirs))
    }
    assert [by_row[f"ours {row}"] for row in range(3)] == pytest.approx([truth] * 3, rel=1e-6)
    assert max(abs(by_row[f"theirs {row}"] / truth - 1) for row in range(3)) > 0.1


def test_the_densities_are_those_of_torch_distributions_for_every_pair() -> None:
    z, mu, log_var = _normal(4, 3), _normal(4, 3, seed=1), _normal(4, 3, seed=2)
    expected = log_prob(Normal(mu, (0.5 * log_var).exp()), z[:, None].expand(4, 4, 3))
    torch.testing.assert_close(log_densities(z, mu, log_var), expected)


def test_the_parts_are_their_definitions_written_out() -> None:
    z, mu, log_var = _normal(5, 2), _normal(5, 2, seed=1), _normal(5, 2, seed=2)
    weights, q = stratified_weights(5, 40).double(), Normal(mu, (0.5 * log_var).exp())
    information, correlation, dimension_wise = 0.0, 0.0, 0.0
    for i in range(5):
        each = log_prob(q, z[i].expand(5, 2)).exp()
        joint = math.log(sum(weights[i, j].item() * each[j].prod().item() for j in range(5)))
        marginals = sum(math.log(sum(weights[i, j].item() * each[j, d].item() for j in range(5))) for d in range(2))
        information += (math.log(each[i].prod().item()) - joint) / 5
        correlation += (joint - marginals) / 5
        dimension_wise += (marginals - log_prob(Normal(0.0, 1.0), z[i]).sum().item()) / 5
    parts = kl_parts(z, mu, log_var, examples=40)
    assert [part.item() for part in parts] == pytest.approx([information, correlation, dimension_wise], rel=1e-5)


@pytest.mark.parametrize(("count", "examples"), [(1, 1), (1, 50), (8, 8), (8, 0), (32, 5_000)])
def test_the_parts_telescope_to_one_draws_log_ratio(count: int, examples: int) -> None:
    z, mu, log_var = _normal(count, 3), _normal(count, 3, seed=1), _normal(count, 3, seed=2)
    ratio = log_prob(Normal(mu, (0.5 * log_var).exp()), z) - log_prob(Normal(0.0, 1.0), z)
    assert torch.stack(kl_parts(z, mu, log_var, examples)).sum().item() == pytest.approx(
        ratio.sum(dim=1).mean().item(), rel=1e-9
    )


def test_a_minibatch_of_all_examples_knows_a_linear_gaussian_code() -> None:
    """x ~ N(0, C), z = x + noise: q(z) = N(0, C + s²), so that MI, TC and DW have closed forms."""
    count, noise = 2_000, 0.5
    covariance = torch.tensor([[1.0, 0.7], [0.7, 1.0]]).double()
    draw = MultivariateNormal(torch.zeros(2).double(), covariance)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        mu = draw.sample((count,))
    z = mu + noise * _normal(count, 2, seed=1)
    parts = kl_parts(z, mu, torch.full_like(mu, 2 * math.log(noise)), examples=count)
    marginal = covariance + noise**2 * torch.eye(2).double()
    variances, determinant = marginal.diagonal(), marginal.det().item()
    assert parts.mutual_information.item() == pytest.approx(0.5 * math.log(determinant / noise**4), abs=0.1)
    assert parts.total_correlation.item() == pytest.approx(
        0.5 * math.log(variances.prod().item() / determinant), abs=0.05
    )
    assert parts.dimension_wise.item() == pytest.approx(
        (0.5 * (variances - 1 - variances.log())).sum().item(), abs=0.05
    )


def _published_weights(count: int, examples: int) -> Tensor:
    others = count - 1
    rest = (examples - others) / (examples * others)
    weights = torch.full((count, count), 1 / others)
    weights.view(-1)[:: others + 1] = 1 / examples
    weights.view(-1)[1 :: others + 1] = rest
    weights[others - 1, 0] = rest
    return weights


def _with_own_at(order: tuple[int, ...], row: int) -> list[int]:
    """Return the minibatch in which the draw's own image, which is the first of the order, stands at a row."""
    rest = list(order[1:])
    return [*rest[:row], order[0], *rest[row:]]


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
