"""The KL term taken apart: what the code tells of the image, how its dimensions depend on each other, and the rest.

E KL(q(z|x) || p(z)) = MI + TC + DW (Chen 2018, Eq. 2): MI = E log q(z|x) - log q(z), TC = E log q(z) - Σ_j log q(z_j),
DW = E Σ_j log q(z_j) - log p(z). The densities of all codes together are estimated from a minibatch.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["KlParts", "kl_parts", "log_densities", "stratified_weights"]


class KlParts(NamedTuple):
    """The three parts, scalars, which sum to the mean of log q(z|x) - log p(z) exactly."""

    mutual_information: Tensor
    total_correlation: Tensor
    dimension_wise: Tensor


def kl_parts(z: Tensor, mu: Tensor, log_var: Tensor, examples: int) -> KlParts:
    """Estimate the three parts from one draw z for each image of a minibatch.

    Args:
        z: `(n, latent_dim)`, drawn from N(μ, σ²).
        mu: `(n, latent_dim)`.
        log_var: `(n, latent_dim)`, log σ².
        examples: N, of which the minibatch is a part; less than n counts as n.
    """
    each = log_densities(z, mu, log_var)
    log_weights = stratified_weights(len(z), examples).to(z).log()
    log_posterior = each.diagonal().sum(dim=0)
    log_joint = (log_weights + each.sum(dim=2)).logsumexp(dim=1)
    log_marginals = (log_weights[:, :, None] + each).logsumexp(dim=1).sum(dim=1)
    log_prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(dim=1)
    return KlParts(
        (log_posterior - log_joint).mean(), (log_joint - log_marginals).mean(), (log_marginals - log_prior).mean()
    )


def log_densities(z: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    """Return log q(z_i,d | x_j) of every draw i under every posterior j, `(draws, n, latent_dim)`."""
    squared = (z[:, None] - mu).square() * (-log_var).exp()
    return -0.5 * (squared + log_var + math.log(2 * math.pi))


def stratified_weights(count: int, examples: int) -> Tensor:
    """Return how much posterior j counts in the density of all codes at draw i: `(n, n)`, each row sums to 1.

    Minibatch stratified sampling (Chen 2018, Appendix C.2) with M = n - 1: 1/N for the draw's own image, which is in
    the minibatch for certain, 1/M for the others, and (N-M)/(NM) for one of them. The authors' code puts 1/N into the
    first column instead of the diagonal; this is what their text derives.
    """
    others, whole = count - 1, max(examples, count)
    if others == 0:
        return torch.ones(1, 1)
    own = torch.eye(count)
    last = own.roll(1, dims=1)
    rest = 1 - own - last
    return own / whole + last * (whole - others) / (whole * others) + rest / others
