"""How far a set of codes is from the prior: kernel distances."""

import torch
from torch import Tensor

__all__ = ["SCALES", "multiquadric", "squared_mmd"]

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Multiples of the expected squared distance 2d of two draws of N(0, 1) in d dimensions (Tolstikhin 2018, WAE)."""


def multiquadric(first: Tensor, second: Tensor) -> Tensor:
    """Return k(a, b) = Σ_s C_s/(C_s + ||a - b||²), C_s = 2 d s, of all pairs: `(n, m)` of `(n, d)` and `(m, d)`.

    An inverse multiquadric: its tails are heavy, so that codes far out still feel the prior.
    """
    products = first @ second.T
    squared = first.square().sum(dim=1)[:, None] + second.square().sum(dim=1) - 2 * products
    widths = [2 * first.shape[1] * scale for scale in SCALES]
    return torch.stack([width / (width + squared) for width in widths]).sum(dim=0)


def squared_mmd(codes: Tensor, prior: Tensor) -> Tensor:
    """Return MMD²_k = E k(z, z') + E k(p, p') - 2 E k(z, p) (Gretton 2012, Eq. 3), a scalar.

    The U-statistic: pairs of a draw with itself are left out, so that its expectation is 0 for equal distributions and
    it may be below 0.

    Args:
        codes: `(n, d)`, draws of q(z).
        prior: `(m, d)`, draws of p(z).
    """
    return _mean_of_pairs(codes) + _mean_of_pairs(prior) - 2 * multiquadric(codes, prior).mean()


def _mean_of_pairs(draws: Tensor) -> Tensor:
    kernel, count = multiquadric(draws, draws), len(draws)
    return (kernel.sum() - kernel.trace()) / max(count * (count - 1), 1)
