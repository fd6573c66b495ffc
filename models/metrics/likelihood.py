"""The bound on the likelihood that is comparable between configurations: R + KL at β = 1, whatever the loss weighs."""

import torch
from torch import Tensor

from models.base import LatentVariableModel

__all__ = ["nelbo", "observe"]

BINARISATION_SEED = 28
"""Decides every pixel that is ever scored: part of each nelbo."""

SAMPLES = 4
"""Draws of z per image. Their noise adds to that of the images and is the smaller of the two."""

CHUNK = 320
"""Images whose bound is computed at once, with all draws of z: more does not fit into the cache of a core."""


def observe(model: LatentVariableModel, images: Tensor) -> Tensor:
    """Draw what the model bounds the likelihood of, by a fixed seed: the same images give the same bits everywhere.

    Binary pixels of a Bernoulli decoder, dequantised greys of a Gaussian one. Training draws anew at every step;
    scoring does not, so that configurations are compared on the same pixels.

    Args:
        model: Says what is drawn.
        images: `(n, side, side)` in [0, 1].
    """
    generator = torch.Generator().manual_seed(BINARISATION_SEED)
    return model.draw_pixels(images, torch.rand(images.shape, generator=generator, dtype=images.dtype))


def nelbo(model: LatentVariableModel, pixels: Tensor, generator: torch.Generator) -> float:
    """Return the mean of R + KL at β = 1 over images `(n, side, side)` that `observe` drew, in nats per image."""
    chunks = [model.negative_elbo(chunk, generator, SAMPLES) for chunk in torch.split(pixels, CHUNK)]
    return float(torch.cat(chunks).double().mean())
