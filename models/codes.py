"""Models whose images are made from codes that a person can set: what there is to set, and from which range.

A model of this kind says how it draws latents and how it turns them into images; sampling follows from that, and so do
grids in which one code changes from column to column while everything else stays.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from models.base import GenerativeModel

__all__ = ["CodeAxis", "CodedModel", "Latents", "gaussian_axes"]

USUAL_CODE = 3.0
"""Codes drawn from N(0, 1) hardly ever lie further out."""


@dataclass(frozen=True)
class CodeAxis:
    """One number that an image is made from.

    Attributes:
        name: As people call it, like `z3`; no two of a model are the same.
        low: Where its usual values begin.
        high: Where they end, inclusive.
        whole: True if only the whole numbers from `low` to `high` mean something; otherwise every number does, also
            outside of the usual ones.
    """

    name: str
    low: float
    high: float
    whole: bool = False


class Latents(NamedTuple):
    """All that a batch of images is made from.

    Attributes:
        codes: `(n, axes)`, a column for each `CodeAxis`, in their order.
        noise: `(n, width)`, what nobody sets by hand; the width may be 0.
    """

    codes: Tensor
    noise: Tensor


class CodedModel(GenerativeModel):
    """A model that makes images from codes and noise; none of its methods is for a stacked model."""

    @abstractmethod
    def code_axes(self) -> tuple[CodeAxis, ...]:
        """Return what can be set, in the order of the columns of `Latents.codes`."""

    @abstractmethod
    def draw_latents(self, count: int, generator: torch.Generator) -> Latents:
        """Draw what `count` images are made from, as the model meant it in training."""

    @abstractmethod
    def generate(self, latents: Latents) -> Tensor:
        """Return the images `(n, side, side)` in [0, 1] of latents; the same ones give the same images."""

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw latents and return their images."""
        return self.generate(self.draw_latents(count, generator))


def gaussian_axes(name: str, width: int) -> tuple[CodeAxis, ...]:
    """Return the axes of a code whose prior is N(0, 1), numbered from 0."""
    return tuple(CodeAxis(f"{name}{index}", -USUAL_CODE, USUAL_CODE) for index in range(width))
