"""A model that only weighs and bounds, for tests of the measures that ask it."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

from models.base import LatentVariableModel, Minibatch, Noise, Terms

__all__ = ["OnlyWeighs"]


class OnlyWeighs(LatentVariableModel):
    """Does not learn and draws black images; tests give it `log_weights` and, where it matters, `negative_elbo`."""

    def __init__(self) -> None:
        super().__init__(side=2, classes=2)

    def make_optimizers(self) -> list[Optimizer]:
        return []

    def draw_noise(self, count: int, generator: torch.Generator) -> Noise:
        return {}

    def minibatch_step(self, batch: Minibatch, noise: Noise, optimizers: Sequence[Optimizer]) -> Terms:
        return {}

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.zeros(count, 2, 2)

    def negative_elbo(self, images: Tensor, generator: torch.Generator, samples: int = 8) -> Tensor:
        return -self.log_weights(images, generator, samples).mean(dim=0)
