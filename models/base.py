"""What every generative model can do, alone under a Lightning `Trainer` or beside others in a fold group.

A model owns its networks, its losses and one optimisation step. Epochs, folds, seeds and scores are its caller's: all
randomness of a step is drawn beforehand by `draw_noise`, and `state_dict()` with the optimizers' states is everything
that a continuation needs.

Authors write one model. Whether its tensors are those of one fold, or stacked over several with the folds first, only
`compute` knows: within it everything has the shapes of one model, and outside it all is done element by element.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence, Sized
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.func import functional_call, vmap
from torch.optim import Optimizer

from models.losses.bernoulli import binarise

__all__ = ["GenerativeModel", "LatentVariableModel", "Minibatch", "Noise", "Terms", "descend"]

Noise = dict[str, Tensor]
"""Everything random in one step, by name."""

Terms = dict[str, Tensor]
"""Scalar terms by name: `loss/L`, `loss/J`, and the others as `train/<term>`; of a stacked model `(folds,)` each."""


class Minibatch(NamedTuple):
    """What one step looks at.

    Attributes:
        images: `(batch, side, side)`, greys in [0, 1].
        labelled_images: `(labelled, side, side)`, drawn apart from `images` among those whose label is known; none for
            a model that learns without labels.
        labels: `(labelled,)`, int64, those of `labelled_images`.
    """

    images: Tensor
    labelled_images: Tensor
    labels: Tensor


class GenerativeModel(pl.LightningModule, ABC):
    """A model of `side × side` images whose pixels are greys in [0, 1].

    Initial weights come from torch's global random state: whoever builds one seeds it (`models.build` does).

    Attributes:
        side: Width and height of an image.
        classes: Classes of the dataset.
        examples: In an epoch, told by whoever trains it; 0 if nobody did, and then a minibatch counts as all there is.
        labels_per_class: How many examples of a class it may see with their label; 0 if it looks at none.
        stacked: Whether its tensors are those of several folds: see `models.stacking`.
    """

    examples: int = 0
    labels_per_class: int = 0
    stacked: bool = False

    def __init__(self, *, side: int, classes: int) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.side = side
        self.classes = classes
        self._fit_generator: torch.Generator | None = None

    @abstractmethod
    def make_optimizers(self) -> list[Optimizer]:
        """Return new optimizers for all parameters, in the order that `minibatch_step` expects."""

    @abstractmethod
    def draw_noise(self, count: int, generator: torch.Generator) -> Noise:
        """Draw everything random that a step on `count` images needs, for one fold."""

    @abstractmethod
    def minibatch_step(self, batch: Minibatch, noise: Noise, optimizers: Sequence[Optimizer]) -> Terms:
        """Improve the parameters by one minibatch, in place.

        Args:
            batch: Of a stacked model, every tensor has the folds first.
            noise: What `draw_noise` drew for as many images, stacked likewise.
            optimizers: Those of `make_optimizers`.

        Returns:
            The terms, detached.
        """

    @abstractmethod
    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw `(count, side, side)` images in [0, 1], without gradients; not of a stacked model."""

    def alarms(self, epochs: int) -> Terms:
        """Tell what is wrong with the training so far though its terms are finite: names of `models.alarms`.

        Args:
            epochs: How many epochs there have been.

        Returns:
            Whether each alarm that this model watches rings, bool: of a stacked model `(folds,)`.
        """
        return {}

    def compute(self, function: Callable[..., Any], *inputs: Any) -> Any:
        """Call a pure function of this model's parameters, once for each fold if they are stacked.

        Args:
            function: A method of this model that neither draws nor writes; it sees the tensors of one fold.
            inputs: Tensors, or tuples and dictionaries of them.

        Returns:
            What the function returns; of a stacked model every tensor has the folds first.
        """
        if not self.stacked:
            return function(*inputs)
        tensors = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        return vmap(lambda own, *each: functional_call(self, own, (function, *each)))(tensors, *inputs)

    def forward(self, function: Callable[..., Any], *inputs: Any) -> Any:
        """Call a method of this model: the door through which `compute` lends it the tensors of one fold."""
        return function(*inputs)

    def uniform(self, *shape: int, generator: torch.Generator) -> Tensor:
        """Draw from [0, 1), in the type and on the device of the parameters."""
        like = next(self.parameters())
        return torch.rand(shape, generator=generator, dtype=like.dtype, device=like.device)

    def normal(self, *shape: int, generator: torch.Generator) -> Tensor:
        """Draw from N(0, 1), in the type and on the device of the parameters."""
        like = next(self.parameters())
        return torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device)

    def configure_optimizers(self) -> list[Optimizer]:
        """Hand the optimizers to Lightning."""
        return self.make_optimizers()

    def on_fit_start(self) -> None:
        """Derive the randomness of a lone fit from torch's global seed, as `pl.seed_everything` sets it."""
        self._fit_generator = torch.Generator(self.device).manual_seed(torch.initial_seed())

    def on_train_start(self) -> None:
        """Count the examples of a lone fit."""
        dataset = getattr(self.trainer.train_dataloader, "dataset", None)
        if isinstance(dataset, Sized):
            self.examples = len(dataset)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Train alone: one minibatch `(images, labels)` of an ordinary DataLoader, all labels known, terms logged."""
        if self._fit_generator is None:
            raise RuntimeError("training_step runs inside Trainer.fit; elsewhere call minibatch_step")
        images, labels = batch
        optimizers: Any = self.optimizers()
        several = optimizers if isinstance(optimizers, list) else [optimizers]
        noise = self.draw_noise(len(images), self._fit_generator)
        self.log_dict(self.minibatch_step(self.labelled_minibatch(images, labels), noise, several))

    def labelled_minibatch(self, images: Tensor, labels: Tensor) -> Minibatch:
        """Return a minibatch of images whose labels are all known, as far as this model looks at labels."""
        known = len(labels) if self.labels_per_class else 0
        return Minibatch(images, images[:known], labels[:known])


class LatentVariableModel(GenerativeModel):
    """A model with a tractable bound on its likelihood, which can be compared whatever the weights of its loss."""

    def draw_pixels(self, images: Tensor, uniform: Tensor) -> Tensor:
        """Return what the bound is of, drawn from greys: binary pixels, unless a model says otherwise.

        Args:
            images: `(n, side, side)`, greys in [0, 1].
            uniform: Noise on [0, 1) of the same shape.
        """
        return binarise(images, uniform)

    @abstractmethod
    def negative_elbo(self, images: Tensor, generator: torch.Generator, samples: int = 8) -> Tensor:
        """Bound -log p(x) from above: R + KL at β = 1, without gradients; not of a stacked model.

        Args:
            images: `(n, side, side)`, as `draw_pixels` returns them.
            generator: The only source of randomness.
            samples: Draws of z per example, over which the reconstruction is averaged.

        Returns:
            `(n,)` nats per example.
        """

    @abstractmethod
    def log_weights(self, images: Tensor, generator: torch.Generator, samples: int) -> Tensor:
        """Draw codes and weigh them: log p(x|z) + log p(z) - log q(z|x), without gradients; not of a stacked model.

        The mean of the weights themselves, over draws, is p(x) in expectation, which makes importance sampling of them.

        Args:
            images: `(n, side, side)`, as `draw_pixels` returns them.
            generator: The only source of randomness.
            samples: Independent draws per example.

        Returns:
            `(samples, n)` nats.
        """


def descend(loss: Tensor, optimizer: Optimizer) -> None:
    """Take one step down a loss: a scalar, or one for each fold, whose parameters do not touch each other.

    Gradients are computed for the optimizer's parameters alone.
    """
    optimizer.zero_grad()
    torch.autograd.backward(loss.sum(), inputs=optimizer.param_groups[0]["params"])
    optimizer.step()
