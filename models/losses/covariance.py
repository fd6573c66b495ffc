"""How far the covariance of codes is from the identity."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["CovarianceGap", "covariance", "covariance_gap", "mixture_covariance"]


class CovarianceGap(NamedTuple):
    """Scalars, 0 for the identity: Σ_{i≠j} C_ij² and Σ_i (C_ii - 1)²."""

    off_diagonal: Tensor
    diagonal: Tensor


def covariance(x: Tensor) -> Tensor:
    """Return E[x xᵀ] - E[x] E[x]ᵀ over the rows of `(n, width)`, dividing by n: `(width, width)`."""
    centred = x - x.mean(dim=0)
    return centred.T @ centred / len(x)


def covariance_gap(matrix: Tensor) -> CovarianceGap:
    """Return how far a covariance `(width, width)` is from the identity (Kumar 2018, Eq. 6 and 7)."""
    own = matrix.diagonal()
    return CovarianceGap(matrix.square().sum() - own.square().sum(), (own - 1).square().sum())


def mixture_covariance(mu: Tensor, log_var: Tensor) -> Tensor:
    """Return Cov[z] = Cov[μ(x)] + E diag σ²(x) of z ~ N(μ, σ²), by the law of total covariance (Kumar 2018).

    `(width, width)` of μ and log σ², `(n, width)` each.
    """
    return covariance(mu) + torch.diag_embed(log_var.exp().mean(dim=0))
