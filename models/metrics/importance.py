"""-log p(x) as near as importance sampling comes to it: below nelbo, and above the truth in expectation."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from models.base import LatentVariableModel

__all__ = ["ImportanceEstimate", "estimate"]

IMAGES = 500
"""Images whose draws are weighed at once."""

DRAWS = 100
"""Draws for each image whose weights are held at once."""

STARVED = 2.0
"""With fewer effective draws than this one draw decides an image's estimate, which then says little."""


@dataclass(frozen=True)
class ImportanceEstimate:
    """-log p(x) of many images, estimated from above.

    Attributes:
        nll: Mean over the images, nats per image.
        standard_error: Of that mean, from how much the images differ; nan for a single one.
        starved: Share of the images whose effective sample size 1/Σ w̃² is below 2, w̃ being the normalised weights: at
            least one draw's weight drowns the others, and the estimate may be far above the truth.
    """

    nll: float
    standard_error: float
    starved: float


def estimate(
    model: LatentVariableModel,
    pixels: Tensor,
    generator: torch.Generator,
    draws: int,
    *,
    watch: Callable[[int], object] = lambda images: None,  # noqa: ARG005  # named for those who write one
) -> ImportanceEstimate:
    """Estimate -mean_x [logsumexp_k (log p(x|z_k) + log p(z_k) - log q(z_k|x)) - log k] (Burda 2016, Eq. 8).

    In expectation it bounds -log p(x) from above for every number of draws, falls with it, and tends to -log p(x).

    Args:
        model: Has the weights.
        pixels: `(n, side, side)`, as `observe` drew them.
        generator: The only source of randomness.
        draws: k, at least 1. The memory does not grow with it.
        watch: Called with the number of images done, from time to time.
    """
    nll, effective = [], []
    for chunk in torch.split(pixels, IMAGES):
        total = torch.full((len(chunk),), -torch.inf, dtype=torch.float64, device=chunk.device)
        squares = total.clone()
        for begun in range(0, draws, DRAWS):
            weights = model.log_weights(chunk, generator, min(DRAWS, draws - begun)).double()
            total = torch.logaddexp(total, weights.logsumexp(dim=0))
            squares = torch.logaddexp(squares, (2 * weights).logsumexp(dim=0))
        nll.append(math.log(draws) - total)
        effective.append((2 * total - squares).exp())
        watch(sum(map(len, nll)))
    by_image = torch.cat(nll)
    return ImportanceEstimate(
        nll=float(by_image.mean()),
        standard_error=float(by_image.std() / math.sqrt(len(by_image))),
        starved=float((torch.cat(effective) < STARVED).double().mean()),
    )
