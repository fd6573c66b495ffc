"""A model that only weighs and bounds, for tests of the measures that ask it."""

import torch
from torch import Tensor

from models.base import LatentVariableModel
from tests.models.never_learns import NeverLearns

__all__ = ["OnlyWeighs"]


class OnlyWeighs(NeverLearns, LatentVariableModel):
    """Draws black images; tests give it `log_weights` and, where it matters, `negative_elbo`."""

    def __init__(self) -> None:
        super().__init__(side=2, classes=2)

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.zeros(count, 2, 2)

    def negative_elbo(self, images: Tensor, generator: torch.Generator, samples: int = 8) -> Tensor:
        return -self.log_weights(images, generator, samples).mean(dim=0)
