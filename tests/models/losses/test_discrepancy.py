"""MMD against sums over pairs, and against what its expectation must be."""

import pytest
import torch
from torch import Tensor

from models.losses.discrepancy import SCALES, multiquadric, squared_mmd


def test_the_kernel_is_its_equation_for_every_pair() -> None:
    first, second = _normal(4, 3), _normal(5, 3, seed=1)
    kernel = multiquadric(first, second)
    assert kernel.shape == (4, 5)
    for i in range(4):
        for j in range(5):
            distance = sum((a - b) ** 2 for a, b in zip(first[i].tolist(), second[j].tolist(), strict=True))
            expected = sum(2 * 3 * scale / (2 * 3 * scale + distance) for scale in SCALES)
            assert kernel[i, j].item() == pytest.approx(expected, rel=1e-12)


def test_the_estimate_is_the_mean_over_pairs_of_different_draws() -> None:
    codes, prior = _normal(5, 2), _normal(4, 2, seed=1)
    within = [
        sum(multiquadric(x[i : i + 1], x[j : j + 1]).item() for i in range(n) for j in range(n) if i != j)
        / (n * (n - 1))
        for x, n in ((codes, 5), (prior, 4))
    ]
    across = sum(multiquadric(a[None], b[None]).item() for a in codes for b in prior) / 20
    assert squared_mmd(codes, prior).item() == pytest.approx(sum(within) - 2 * across, rel=1e-9)


def test_its_expectation_is_0_for_equal_distributions_and_so_it_goes_below() -> None:
    estimates = torch.stack(
        [squared_mmd(_normal(32, 3, seed=2 * i), _normal(32, 3, seed=2 * i + 1)) for i in range(400)]
    )
    standard_error = estimates.std().item() / 20
    assert abs(estimates.mean().item()) < 3 * standard_error
    assert standard_error < 0.005
    assert 0.3 < estimates.lt(0).double().mean().item() < 0.8


def test_it_grows_with_the_distance_between_distributions() -> None:
    prior = _normal(500, 2, seed=1)
    shifted = [squared_mmd(_normal(500, 2) + shift, prior).item() for shift in (0.0, 0.5, 1.0, 3.0)]
    assert shifted == sorted(shifted)
    assert shifted[-1] > 0.5
    assert squared_mmd(0.1 * _normal(500, 2), prior).item() > 0.2


def test_its_gradient_leads_codes_to_the_prior() -> None:
    codes = (0.5 * _normal(200, 2) + 1).requires_grad_()
    before = squared_mmd(codes, _normal(200, 2, seed=999)).item()
    for seed in range(100):
        (gradient,) = torch.autograd.grad(squared_mmd(codes, _normal(200, 2, seed=seed + 1)), [codes])
        codes.data -= 200 * gradient
    assert squared_mmd(codes, _normal(200, 2, seed=999)).item() < 0.1 * before
    assert codes.mean(dim=0).abs().max().item() < 0.2


def test_a_single_draw_has_no_pairs() -> None:
    assert squared_mmd(_normal(1, 2), _normal(1, 2, seed=1)).isfinite()


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
