"""What every generative model can do, alone under a Lightning `Trainer` or beside others in a fold group.

A model owns its networks, its losses and one optimisation step. Epochs, folds, seeds and scores are its caller's: all
randomness of a step comes from the generator it is handed, and `state_dict()` with the optimizers' states is everything
that a continuation needs.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim import Optimizer

__all__ = ["GenerativeModel", "LatentVariableModel"]


class GenerativeModel(pl.LightningModule, ABC):
    """A model of `side × side` images whose pixels are greys in [0, 1].

    Initial weights come from torch's global random state: whoever builds one seeds it (`models.build` does).
    """

    def __init__(self, *, side: int, classes: int) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.side = side
        self.classes = classes
        self._fit_generator: torch.Generator | None = None

    def prepare(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> None:
        """Look at the training part once, before the first step; most models need not.

        Args:
            images: `(n, side, side)`, float32.
            labels: `(n,)`, int64.
            generator: The only source of randomness.
        """

    @abstractmethod
    def make_optimizers(self) -> list[Optimizer]:
        """Return new optimizers for all parameters, in the order that `minibatch_step` expects."""

    @abstractmethod
    def minibatch_step(
        self, images: Tensor, labels: Tensor, optimizers: Sequence[Optimizer], generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Improve the parameters by one minibatch, in place.

        Args:
            images: `(batch, side, side)`.
            labels: `(batch,)`; models that learn without labels do not look at them.
            optimizers: Those of `make_optimizers`.
            generator: The only source of randomness.

        Returns:
            The detached scalar terms by name: `loss/L`, `loss/J`, and the others as `train/<term>`.
        """

    @abstractmethod
    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `(count, side, side)` images in [0, 1], without gradients."""

    def configure_optimizers(self) -> list[Optimizer]:
        """Hand the optimizers to Lightning."""
        return self.make_optimizers()

    def on_fit_start(self) -> None:
        """Derive the randomness of a lone fit from torch's global seed, as `pl.seed_everything` sets it."""
        self._fit_generator = torch.Generator(self.device).manual_seed(torch.initial_seed())

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Train alone: one minibatch `(images, labels)` of an ordinary DataLoader, every term logged."""
        if self._fit_generator is None:
            raise RuntimeError("training_step runs inside Trainer.fit; elsewhere call minibatch_step")
        images, labels = batch
        optimizers: Any = self.optimizers()
        several = optimizers if isinstance(optimizers, list) else [optimizers]
        self.log_dict(self.minibatch_step(images, labels, several, self._fit_generator))


class LatentVariableModel(GenerativeModel):
    """A model with a tractable bound on its likelihood, which can be compared whatever the weights of its loss."""

    @abstractmethod
    def negative_elbo(self, images: Tensor, generator: torch.Generator, samples: int = 8) -> Tensor:
        """Bound -log p(x) from above: R + KL at β = 1, without gradients.

        Args:
            images: `(n, side, side)`, already binarised.
            generator: The only source of randomness.
            samples: Draws of z per example, over which the reconstruction is averaged.

        Returns:
            `(n,)` nats per example.
        """
