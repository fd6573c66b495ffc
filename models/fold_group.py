"""Trains the folds of one trial together, in one `Trainer.fit`: the author of a model writes one model and no folds.

A Lightning step runs many minibatches of one fold on tensors in memory, so that Lightning's cost per step is paid once
for dozens of them. All randomness is keyed anew by fold and epoch: training to epoch 3 and later to 9 equals training
to 9 at once, bit for bit.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from models.base import GenerativeModel

__all__ = ["Divergence", "FoldGroup", "SeedFor"]

MINIBATCHES_PER_STEP = 50
"""Lightning's overhead of 0.2 to 0.9 ms a step all but vanishes at this length, and Ctrl-C is still heard at once."""

SeedFor = Callable[[Literal["labels", "training"], int, int], int]
"""Gives the seed for a purpose, a fold and an epoch."""


@dataclass(frozen=True)
class Divergence:
    """Where training became non-finite; epochs count from 1."""

    fold: int
    epoch: int
    term: str

    def __str__(self) -> str:
        return f"{self.term} became non-finite in epoch {self.epoch} of fold {self.fold}"


class FoldGroup(pl.LightningModule):
    """The models of a trial's folds, each on its own training part.

    Args:
        models: One model a fold, all of the same kind.
        parts: For each fold the indices of its training examples, `(n_fold,)` int64.
        images: All examples, `(n, side, side)` float32; shared, never written to.
        labels: `(n,)` int64.
        batch_size: Examples in a minibatch, at most; an epoch is split into minibatches of all but equal size.
        seed_for: Seeds of all randomness.
    """

    def __init__(
        self,
        models: Sequence[GenerativeModel],
        parts: Sequence[Tensor],
        images: Tensor,
        labels: Tensor,
        *,
        batch_size: int,
        seed_for: SeedFor,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.models = torch.nn.ModuleList(models)
        self.batch_size = batch_size
        self.epochs_trained = 0
        self.curves: dict[str, list[list[float]]] = {}
        self.epoch_times: list[int] = []
        self.divergence: Divergence | None = None
        self._parts, self._images, self._labels = parts, images, labels
        self._seed_for = seed_for
        self._optimizers: list[list[Optimizer]] = []
        self._state: dict[str, Tensor] | None = None
        self._sums: dict[str, Tensor] = {}
        self._generator = torch.Generator()
        self._batches: tuple[Tensor, ...] = ()

    def train_to(self, epochs: int, accelerator: str = "cpu") -> None:
        """Train every fold until it has seen `epochs` epochs in all.

        Side effects: fills `curves` (term → fold → epoch), `epoch_times` (milliseconds since 1970) and, if a term
        becomes non-finite, `divergence`, upon which training ends.
        """
        self.curves, self.epoch_times = {}, []
        trainer = pl.Trainer(
            max_epochs=epochs - self.epochs_trained,
            accelerator=accelerator,
            devices=1,
            barebones=True,
        )
        trainer.fit(self)

    def model(self, fold: int) -> GenerativeModel:
        """Return the model of one fold."""
        model = self.models[fold]
        assert isinstance(model, GenerativeModel)
        return model

    def train_dataloader(self) -> DataLoader[tuple[int, int]]:
        """Return one epoch's steps: fold by fold, the minibatch at which each run begins."""
        folds = range(len(self.models))
        steps = [(fold, start) for fold in folds for start in range(0, self._count(fold), MINIBATCHES_PER_STEP)]
        return DataLoader(steps, batch_size=None)  # type: ignore[arg-type]  # a list serves as a Dataset

    def configure_optimizers(self) -> list[Optimizer]:
        """Make every fold's optimizers, once, and put back their state."""
        if not self._optimizers:
            self._optimizers = [self.model(fold).make_optimizers() for fold in range(len(self.models))]
        if self._state is not None:
            self._load_optimizers(self._state)
            self._state = None
        return [optimizer for optimizers in self._optimizers for optimizer in optimizers]

    def on_fit_start(self) -> None:
        """Give every model one look at its own training part."""
        self._images, self._labels = self._images.to(self.device), self._labels.to(self.device)
        self._parts = [part.to(self.device) for part in self._parts]
        self._generator = torch.Generator(self.device)
        for fold, part in enumerate(self._parts):
            generator = self._generator.manual_seed(self._seed_for("labels", fold, 0))
            self.model(fold).prepare(self._images[part], self._labels[part], generator)

    def training_step(self, batch: tuple[int, int], batch_idx: int) -> None:
        """Run one step: up to `MINIBATCHES_PER_STEP` minibatches of one fold."""
        fold, start = batch
        if self.divergence is not None:
            return
        if start == 0:
            self._begin_epoch(fold)
        model, optimizers = self.model(fold), self._optimizers[fold]
        for indices in self._batches[start : start + MINIBATCHES_PER_STEP]:
            terms = model.minibatch_step(self._images[indices], self._labels[indices], optimizers, self._generator)
            for name, value in terms.items():
                self._sums[name] = self._sums[name] + value if name in self._sums else value
        if start + MINIBATCHES_PER_STEP >= len(self._batches):
            self._end_epoch(fold)

    def on_train_epoch_end(self) -> None:
        """Count the epoch and note when it ended."""
        self.epochs_trained += 1
        self.epoch_times.append(time.time_ns() // 1_000_000)

    def state(self) -> dict[str, Tensor]:
        """Return all that a continuation needs, as tensors by name."""
        tensors: dict[str, Tensor] = {"epochs": torch.tensor(self.epochs_trained)}
        for fold, optimizers in enumerate(self._optimizers):
            for name, value in self.model(fold).state_dict().items():
                tensors[f"{fold}.model.{name}"] = value.contiguous()
            for number, optimizer in enumerate(optimizers):
                for index, entries in optimizer.state_dict()["state"].items():
                    for name, value in entries.items():
                        tensors[f"{fold}.optimizer.{number}.{index}.{name}"] = value.contiguous()
        return tensors

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Continue from what `state` returned."""
        self.epochs_trained = int(tensors["epochs"])
        for fold in range(len(self.models)):
            self.model(fold).load_state_dict(_below(tensors, f"{fold}.model."))
        self._state = tensors

    def _count(self, fold: int) -> int:
        return math.ceil(len(self._parts[fold]) / self.batch_size)

    def _begin_epoch(self, fold: int) -> None:
        part = self._parts[fold]
        self._generator.manual_seed(self._seed_for("training", fold, self.epochs_trained + 1))
        order = torch.randperm(len(part), generator=self._generator, device=part.device)
        self._batches = part[order].tensor_split(self._count(fold))
        self._sums = {}

    def _end_epoch(self, fold: int) -> None:
        means = torch.stack(list(self._sums.values())).div(len(self._batches)).tolist()
        for name, mean in zip(self._sums, means, strict=True):
            self.curves.setdefault(name, [[] for _ in self._parts])[fold].append(mean)
            if not math.isfinite(mean) and self.divergence is None:
                self.divergence = Divergence(fold, self.epochs_trained + 1, name)
                self.trainer.should_stop = True

    def _load_optimizers(self, tensors: dict[str, Tensor]) -> None:
        for fold, optimizers in enumerate(self._optimizers):
            for number, optimizer in enumerate(optimizers):
                state: dict[int, dict[str, Any]] = {}
                for name, value in _below(tensors, f"{fold}.optimizer.{number}.").items():
                    index, entry = name.split(".", 1)
                    state.setdefault(int(index), {})[entry] = value
                optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
