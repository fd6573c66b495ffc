"""The parts of KL of a trained VAE, from the density of the codes of all images: no minibatch stands in for them."""

import math

import torch
from torch import Tensor

from models.losses.total_correlation import KlParts, log_densities

__all__ = ["aggregate_kl_parts"]

CHUNK = 50
"""Draws that are held against every posterior at once, which bounds the memory."""


def aggregate_kl_parts(z: Tensor, rows: Tensor, mu: Tensor, log_var: Tensor) -> KlParts:
    """Return MI, TC and DW (Chen 2018, Eq. 2) with q(z) = mean_j q(z|x_j) over all images, in nats.

    Averages over draws are all that is estimated. MI is at most log N, whatever the draws.

    Args:
        z: `(draws, latent_dim)`.
        rows: `(draws,)`, int64: the image whose posterior each was drawn from.
        mu: `(N, latent_dim)`, of every image.
        log_var: `(N, latent_dim)`, log σ².
    """
    parts = [
        _chunk_parts(*chunk, mu, log_var) for chunk in zip(torch.split(z, CHUNK), torch.split(rows, CHUNK), strict=True)
    ]
    return KlParts(*(torch.cat(part).mean() for part in zip(*parts, strict=True)))


def _chunk_parts(z: Tensor, rows: Tensor, mu: Tensor, log_var: Tensor) -> KlParts:
    """Return the parts of each draw, `(draws,)` each."""
    each, log_count = log_densities(z, mu, log_var), math.log(len(mu))
    log_posterior = each[torch.arange(len(z)), rows].sum(dim=1)
    log_joint = each.sum(dim=2).logsumexp(dim=1) - log_count
    log_marginals = (each.logsumexp(dim=1) - log_count).sum(dim=1)
    log_prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(dim=1)
    return KlParts(log_posterior - log_joint, log_joint - log_marginals, log_marginals - log_prior)
