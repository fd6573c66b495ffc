"""-log p(x) as near as importance sampling comes to it: below nelbo, and above the truth in expectation."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from models.base import LatentVariableModel

__all__ = ["ImportanceEstimate", "nll_iwae"]

IMAGES = 500
"""Images whose draws are weighed at once, which bounds the memory."""

DRAWS = 100
"""Draws of each of them that are weighed at once, likewise."""

STARVED = 2.0
"""With fewer effective draws than this, one draw decides an image's estimate, which then says little."""


@dataclass(frozen=True, eq=False)
class ImportanceEstimate:
    """-log p(x) of images, estimated from above.

    Attributes:
        nll: `(n,)` float64, nats per image.
        effective: `(n,)` float64, the effective sample size 1/Σ w̃² of the normalised weights w̃, from 1 to the number
            of draws.
    """

    nll: Tensor
    effective: Tensor

    @property
    def mean(self) -> float:
        """Mean nll over the images, in nats."""
        return float(self.nll.mean())

    @property
    def standard_error(self) -> float:
        """That of the mean, from how much the images differ; nan for a single one."""
        return float(self.nll.std() / math.sqrt(len(self.nll))) if len(self.nll) > 1 else math.nan

    @property
    def starved(self) -> float:
        """Share of the images with fewer than 2 effective draws, whose nll may be far above the truth."""
        return float((self.effective < STARVED).double().mean())


def nll_iwae(model: LatentVariableModel, pixels: Tensor, generator: torch.Generator, draws: int) -> ImportanceEstimate:
    """Estimate -[logsumexp_k (log p(x|z_k) + log p(z_k) - log q(z_k|x)) - log k] of every image (Burda 2016, Eq. 8).

    In expectation it bounds -log p(x) from above for every k, never rises with k, and tends to -log p(x).

    Args:
        model: Weighs the draws.
        pixels: `(n, side, side)`, as `observe` drew them.
        generator: The only source of randomness.
        draws: k, at least 1; time grows with it, memory does not.
    """
    chunks = [_estimate(model, chunk, generator, draws) for chunk in torch.split(pixels, IMAGES)]
    return ImportanceEstimate(
        torch.cat([chunk.nll for chunk in chunks]), torch.cat([chunk.effective for chunk in chunks])
    )


def _estimate(model: LatentVariableModel, pixels: Tensor, generator: torch.Generator, draws: int) -> ImportanceEstimate:
    total = torch.full((len(pixels),), -torch.inf, dtype=torch.float64, device=pixels.device)
    squares = total
    for begun in range(0, draws, DRAWS):
        weights = model.log_weights(pixels, generator, min(DRAWS, draws - begun)).double()
        total = torch.logaddexp(total, weights.logsumexp(dim=0))
        squares = torch.logaddexp(squares, (2 * weights).logsumexp(dim=0))
    return ImportanceEstimate(math.log(draws) - total, (2 * total - squares).exp())
