"""What a decoder says of pixels: Bernoulli of binary ones, or Gaussian of dequantised greys.

Greys are neither: they are drawn from by every step (binarised) or blurred by their own rounding (dequantised), because
only then is what the decoder minimises a likelihood.
"""

import math

import torch
from torch import Tensor, nn

from models.losses.bernoulli import bernoulli_nll, binarise
from models.losses.gaussian import LOG_VAR_RANGE, gaussian_nll
from models.losses.greys import dequantise, undo_dequantisation

__all__ = ["BernoulliPixels", "GaussianPixels", "Pixels", "pixels"]

INITIAL_LOG_VAR = -3.0
"""Where the Gaussian decoder's log σ² begins: σ = 0.22, about the spread of the pixels of digits."""


class BernoulliPixels(nn.Module):
    """Binary pixels, whose logits the decoder returns."""

    def draw(self, images: Tensor, uniform: Tensor) -> Tensor:
        """Return binary pixels whose probabilities are the greys, from uniform noise on [0, 1) of the same shape."""
        return binarise(images, uniform)

    def nll(self, outputs: Tensor, x: Tensor) -> Tensor:
        """Return -log p(x|z) `(n,)` of binary pixels and the decoder's outputs, `(n, side, side)` each."""
        return bernoulli_nll(outputs, x)

    def greys(self, outputs: Tensor) -> Tensor:
        """Return the images in [0, 1] that the decoder means."""
        return outputs.sigmoid()


class GaussianPixels(nn.Module):
    """Dequantised greys ~ N(sigmoid(decoder), σ²), with one σ that is learned (Rybkin 2021, σ-VAE).

    Args:
        levels: How many greys an image can have.
    """

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.levels = levels
        self.log_var = nn.Parameter(torch.tensor(INITIAL_LOG_VAR))

    def draw(self, images: Tensor, uniform: Tensor) -> Tensor:
        """Return greys spread over their level, from uniform noise on [0, 1) of the same shape."""
        return dequantise(images, uniform, self.levels)

    def nll(self, outputs: Tensor, x: Tensor) -> Tensor:
        """Return -log p(x|z) `(n,)` in units of a level: it bounds -log P of the greys themselves (Theis 2016, §3.1).

        In these units an image has a volume of 1, which adds log `levels` for each pixel to the density on [0, 1].
        """
        log_var = self.log_var.clamp(*LOG_VAR_RANGE)
        density = gaussian_nll(x.flatten(1), outputs.sigmoid().flatten(1), log_var)
        return density + x[0].numel() * math.log(self.levels)

    def greys(self, outputs: Tensor) -> Tensor:
        """Return the images in [0, 1] that the decoder means."""
        return undo_dequantisation(outputs.sigmoid(), self.levels)


Pixels = BernoulliPixels | GaussianPixels


def pixels(decoder: str, levels: int) -> Pixels:
    """Return the likelihood that a decoder of this name has.

    Raises:
        ValueError: An unknown decoder.
    """
    match decoder:
        case "bernoulli":
            return BernoulliPixels()
        case "gaussian":
            return GaussianPixels(levels)
    raise ValueError(f"decoder must be bernoulli or gaussian, but got {decoder!r}")
