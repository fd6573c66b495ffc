"""A model that does not learn, for tests of what asks models for images or bounds."""

from collections.abc import Sequence

import torch
from torch.optim import Optimizer

from models.base import GenerativeModel, Minibatch, Noise, Terms

__all__ = ["NeverLearns"]


class NeverLearns(GenerativeModel):
    """Has no parameters; tests give it the methods that they are about."""

    def make_optimizers(self) -> list[Optimizer]:
        return []

    def draw_noise(self, count: int, generator: torch.Generator) -> Noise:
        return {}

    def minibatch_step(self, batch: Minibatch, noise: Noise, optimizers: Sequence[Optimizer]) -> Terms:
        return {}
