"""Binary pixels: how they are drawn from greys, and their likelihood."""

import torch.nn.functional as F
from torch import Tensor

__all__ = ["bernoulli_nll", "binarise"]


def binarise(images: Tensor, uniform: Tensor) -> Tensor:
    """Return binary pixels whose probabilities are the greys, from uniform noise on [0, 1) of the same shape."""
    return (uniform < images).to(images.dtype)


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """Return -log p(x|z) = -Σ_pixels x log p + (1-x) log(1-p), p = sigmoid(logits) (Kingma & Welling 2013, Eq. 11).

    Written as Σ softplus(logits) - x·logits, which is the same.

    Args:
        logits: `(n, side, side)`.
        x: `(n, side, side)`, binary: greys would not make this a likelihood (Loaiza-Ganem & Cunningham 2019).

    Returns:
        `(n,)`.
    """
    return (F.softplus(logits) - x * logits).sum(dim=(1, 2))
