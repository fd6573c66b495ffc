"""A model at its training examples, or a stack of them at those of several folds: orders, minibatches, noise, steps."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from models.base import GenerativeModel, Minibatch, Noise, Terms

__all__ = ["Learner"]


class Learner:
    """Draws all that a step needs, for each fold from a generator of its own, whether the folds are stacked or not.

    Args:
        model: The model of one fold, or the stack of several.
        parts: For each fold the indices of its training examples, `(n_fold,)` int64.
        images: All examples, `(n, side, side)` float32; shared, never written to.
        labels: `(n,)` int64.
    """

    def __init__(self, model: GenerativeModel, parts: Sequence[Tensor], images: Tensor, labels: Tensor) -> None:
        self.model = model
        self.optimizers: list[Optimizer] = []
        self._parts, self._images, self._labels = parts, images, labels
        self._labelled: list[Tensor] = []
        self._generators: list[torch.Generator] = []
        self._rows: Sequence[Tensor] = ()

    def settle(self, device: torch.device, seeds: Sequence[int]) -> None:
        """Move to a device and choose, by the seed of each fold, the examples that keep their labels."""
        self._images, self._labels = self._images.to(device), self._labels.to(device)
        self._parts = [part.to(device) for part in self._parts]
        self._generators = [torch.Generator(device) for _ in self._parts]
        self._seed(seeds)
        self._labelled = [self._choose_labelled(fold) for fold in range(len(self._parts))]

    def make_optimizers(self) -> list[Optimizer]:
        """Make the optimizers, once."""
        if not self.optimizers:
            self.optimizers = self.model.make_optimizers()
        return self.optimizers

    def begin_epoch(self, seeds: Sequence[int], *, examples: int, minibatches: int) -> None:
        """Shuffle, by the seed of each fold.

        Args:
            seeds: Of all randomness in this epoch, by fold.
            examples: How many examples of each fold take part, all of them or all but a few: as many in every fold.
            minibatches: Into how many minibatches, all but equal in size, they are split.
        """
        self._seed(seeds)
        orders = [part[self._shuffle(fold, len(part))[:examples]] for fold, part in enumerate(self._parts)]
        self._rows = self._put_together(orders).tensor_split(minibatches, dim=-1)

    def take_step(self, number: int) -> Terms:
        """Learn from a minibatch of this epoch, counted from 0, and return the terms."""
        rows = self._rows[number]
        return self.model.minibatch_step(self._minibatch(rows), self._draw_noise(rows.shape[-1]), self.optimizers)

    def state(self) -> dict[str, Tensor]:
        """Return all that a continuation needs, as tensors by name."""
        tensors = {f"model.{name}": value.contiguous() for name, value in self.model.state_dict().items()}
        for number, optimizer in enumerate(self.optimizers):
            for index, entries in optimizer.state_dict()["state"].items():
                for name, value in entries.items():
                    tensors[f"optimizer.{number}.{index}.{name}"] = value.contiguous()
        return tensors

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Continue from what `state` returned."""
        self.model.load_state_dict(below(tensors, "model."))
        for number, optimizer in enumerate(self.make_optimizers()):
            state: dict[int, dict[str, Any]] = {}
            for name, value in below(tensors, f"optimizer.{number}.").items():
                index, entry = name.split(".", 1)
                state.setdefault(int(index), {})[entry] = value
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})

    def _seed(self, seeds: Sequence[int]) -> None:
        for generator, seed in zip(self._generators, seeds, strict=True):
            generator.manual_seed(seed)

    def _shuffle(self, fold: int, count: int) -> Tensor:
        return torch.randperm(count, generator=self._generators[fold], device=self._images.device)

    def _choose_labelled(self, fold: int) -> Tensor:
        """Return the indices of `labels_per_class` examples of each class, or of as many as there are."""
        part = self._parts[fold]
        order = part[self._shuffle(fold, len(part))]
        of_class = [order[self._labels[order] == label] for label in range(self.model.classes)]
        return torch.cat([members[: self.model.labels_per_class] for members in of_class])

    def _minibatch(self, rows: Tensor) -> Minibatch:
        count = rows.shape[-1] if self.model.labels_per_class else 0
        labelled = self._put_together(
            [
                pool[torch.randint(len(pool), (count,), generator=generator, device=pool.device)] if count else pool[:0]
                for pool, generator in zip(self._labelled, self._generators, strict=True)
            ]
        )
        return Minibatch(self._images[rows], self._images[labelled], self._labels[labelled])

    def _draw_noise(self, count: int) -> Noise:
        drawn = [self.model.draw_noise(count, generator) for generator in self._generators]
        return {name: self._put_together([noise[name] for noise in drawn]) for name in drawn[0]}

    def _put_together(self, by_fold: Sequence[Tensor]) -> Tensor:
        return torch.stack(list(by_fold)) if self.model.stacked else by_fold[0]


def below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
