"""Greys as a continuous quantity: the rounding that made them, undone by noise."""

from torch import Tensor

__all__ = ["dequantise", "undo_dequantisation"]


def dequantise(images: Tensor, uniform: Tensor, levels: int) -> Tensor:
    """Return greys in [0, 1), the k-th of which is spread evenly over [k, k+1)/levels (Theis 2016, §3.1).

    Args:
        images: Greys k/(levels-1), k from 0 to levels-1.
        uniform: Noise on [0, 1), of the same shape.
        levels: How many greys there are.
    """
    return (images * (levels - 1) + uniform) / levels


def undo_dequantisation(x: Tensor, levels: int) -> Tensor:
    """Return the greys in [0, 1] at whose middle `x` lies: the inverse of `dequantise` at noise ½."""
    return ((x * levels - 0.5) / (levels - 1)).clamp(0, 1)
