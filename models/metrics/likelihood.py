"""The bound on the likelihood that is comparable between configurations: R + KL at β = 1, whatever the loss weighs."""

import torch
from torch import Tensor

from models.base import LatentVariableModel

__all__ = ["binarise", "nelbo"]

BINARISATION_SEED = 28
"""Decides every binary pixel that is ever scored: part of each nelbo."""

SAMPLES = 8
"""Draws of z per image. Their noise adds to that of the images and is the smaller of the two."""

CHUNK = 500
"""Images whose bound is computed at once, which bounds the memory."""


def binarise(images: Tensor) -> Tensor:
    """Draw each pixel once from Bernoulli(grey), by a fixed seed: the same images give the same bits everywhere.

    Training draws anew at every step; scoring does not, so that configurations are compared on the same pixels
    (greys themselves have no Bernoulli likelihood).

    Args:
        images: `(n, side, side)` in [0, 1].

    Returns:
        `(n, side, side)` of 0 and 1, of the same type.
    """
    return torch.bernoulli(images, generator=torch.Generator().manual_seed(BINARISATION_SEED))


def nelbo(model: LatentVariableModel, binary_images: Tensor, generator: torch.Generator) -> float:
    """Return the mean of R + KL at β = 1 over images `(n, side, side)`, in nats per image."""
    chunks = [model.negative_elbo(chunk, generator, SAMPLES) for chunk in torch.split(binary_images, CHUNK)]
    return float(torch.cat(chunks).double().mean())
