"""The critic's loss against the divergence that it bounds, and permutations against what they must keep."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from models.losses.density_ratio import permute_dimensions, ratio_loss


def test_the_loss_is_half_the_cross_entropies_of_a_critic_with_two_outputs() -> None:
    """Kim & Mnih's critic: class 0 for codes, class 1 for permuted ones; its logits' difference is ours."""
    joint, independent = _normal(6, 2), _normal(6, 2, seed=1)
    expected = 0.5 * F.cross_entropy(joint, torch.zeros(6, dtype=torch.int64))
    expected = expected + 0.5 * F.cross_entropy(independent, torch.ones(6, dtype=torch.int64))
    ours = ratio_loss(joint[:, 0] - joint[:, 1], independent[:, 0] - independent[:, 1])
    torch.testing.assert_close(ours, expected)
    torch.testing.assert_close(ratio_loss(torch.zeros(5), torch.zeros(5)), torch.tensor(math.log(2)))


def test_the_logit_that_minimises_it_is_the_log_ratio_of_the_densities() -> None:
    """Two dimensions with two values each, every draw as often as it is likely; the logits are free."""
    joint = torch.tensor([[0.4, 0.1], [0.1, 0.4]]).double()
    independent = joint.sum(dim=1, keepdim=True) * joint.sum(dim=0)
    logits = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    for _ in range(2_000):
        of_joint = logits.flatten().repeat_interleave((20 * joint).round().long().flatten())
        of_independent = logits.flatten().repeat_interleave((20 * independent).round().long().flatten())
        (gradient,) = torch.autograd.grad(ratio_loss(of_joint, of_independent), [logits])
        logits.data -= 5 * gradient
    torch.testing.assert_close(logits.detach(), (joint / independent).log(), atol=1e-6, rtol=0)
    total_correlation = (joint * (joint / independent).log()).sum()
    torch.testing.assert_close((joint * logits.detach()).sum(), total_correlation, atol=1e-6, rtol=0)


def test_permuted_dimensions_keep_their_values_and_lose_their_company() -> None:
    one = _normal(2_000, 1)
    z = torch.cat([one, one + 0.1 * _normal(2_000, 1, seed=1)], dim=1)
    orders = torch.rand(2_000, 2, generator=torch.Generator().manual_seed(2)).argsort(dim=0)
    permuted = permute_dimensions(z, orders)
    assert torch.equal(permuted.sort(dim=0).values, z.sort(dim=0).values)
    assert torch.corrcoef(z.T)[0, 1].item() > 0.99
    assert abs(torch.corrcoef(permuted.T)[0, 1].item()) < 0.1
    assert torch.equal(permuted[:, 1], z[orders[:, 1], 1])


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
