"""Trains the folds of one trial together, in one `Trainer.fit`: the author of a model writes one model and no folds.

Small models train as one stack of all folds, large ones fold after fold. A Lightning step runs many minibatches on
tensors in memory, so that Lightning's cost per step is paid once for dozens of them. All randomness is keyed anew by
fold and epoch: training to epoch 3 and later to 9 equals training to 9 at once, bit for bit.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from models.base import GenerativeModel
from models.learner import Learner, below
from models.networks import multiplying_in
from models.precision import Precision
from models.stacking import stack, unstack, worth_stacking

__all__ = ["Divergence", "FoldGroup", "SeedFor", "Watch"]

MINIBATCHES_PER_STEP = 50
"""Lightning's overhead of 0.2 to 0.9 ms a step all but vanishes at this length, and Ctrl-C is still heard at once."""

SeedFor = Callable[[Literal["labels", "training"], int, int], int]
"""Gives the seed for a purpose, a fold and an epoch."""

Watch = Callable[[float], None]
"""Is told after a step how much of the epoch is done, from 0 to 1."""


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

    An epoch shows every fold as many examples as the smallest part has: parts of stratified folds differ by a few at
    most, and which of them an epoch leaves out is drawn anew each time.

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
        self.epochs_trained = 0
        self.curves: dict[str, list[list[float]]] = {}
        self.epoch_times: list[int] = []
        self.divergence: Divergence | None = None
        self._seed_for = seed_for
        self._examples = min(map(len, parts))
        self._minibatches = math.ceil(self._examples / batch_size)
        for model in models:
            model.examples = self._examples
        stacked = len(models) > 1 and worth_stacking(models[0], batch_size)
        folds = range(len(models))
        self._folds = [list(folds)] if stacked else [[fold] for fold in folds]
        self.models = torch.nn.ModuleList([stack(models)] if stacked else models)
        self._singles = list(models)
        self._learners = [
            Learner(model, [parts[fold] for fold in folds], images, labels)  # type: ignore[arg-type]  # a ModuleList forgets types
            for model, folds in zip(self.models, self._folds, strict=True)
        ]
        self._sums: dict[str, Tensor] = {}
        self._watch: Watch | None = None

    def train_to(
        self,
        epochs: int,
        *,
        accelerator: str = "cpu",
        precision: Precision = "float32",
        watch: Watch | None = None,
    ) -> None:
        """Train every fold until it has seen `epochs` epochs in all; the models compute in float32 again afterwards.

        Side effects: fills `curves` (term → fold → epoch), `epoch_times` (milliseconds since 1970) and, if a term
        becomes non-finite, `divergence`, upon which training ends.

        Args:
            epochs: How many, with those that were trained before.
            accelerator: `cpu` or `gpu`.
            watch: Told of every step.
        """
        self.curves, self.epoch_times, self._watch = {}, [], watch
        trainer = pl.Trainer(
            max_epochs=epochs - self.epochs_trained,
            accelerator=accelerator,
            devices=1,
            barebones=True,
        )
        with multiplying_in(precision, self):
            trainer.fit(self)

    def model(self, fold: int) -> GenerativeModel:
        """Return the model of one fold as it now is: one of those that the group was given, which training changes."""
        learner = next(number for number, folds in enumerate(self._folds) if fold in folds)
        model = self._learners[learner].model
        return unstack(model, fold, into=self._singles[fold]) if model.stacked else model

    def alarms(self) -> dict[str, list[int]]:
        """Return the folds in which each alarm of the models rings, by name; one that rings nowhere is left out."""
        rung: dict[str, list[int]] = {}
        for learner, folds in zip(self._learners, self._folds, strict=True):
            for name, rings in learner.model.alarms(self.epochs_trained).items():
                for fold, ringing in zip(folds, rings.reshape(len(folds)).tolist(), strict=True):
                    if ringing:
                        rung.setdefault(name, []).append(fold)
        return rung

    def train_dataloader(self) -> DataLoader[tuple[int, int]]:
        """Return one epoch's steps: learner by learner, the minibatch at which each run begins."""
        starts = range(0, self._minibatches, MINIBATCHES_PER_STEP)
        steps = [(learner, start) for learner in range(len(self._learners)) for start in starts]
        return DataLoader(steps, batch_size=None)  # type: ignore[arg-type]  # a list serves as a Dataset

    def configure_optimizers(self) -> list[Optimizer]:
        """Hand every learner's optimizers to Lightning."""
        return [optimizer for learner in self._learners for optimizer in learner.make_optimizers()]

    def on_fit_start(self) -> None:
        """Have the learners choose their labelled examples."""
        for learner, folds in zip(self._learners, self._folds, strict=True):
            learner.settle(self.device, [self._seed_for("labels", fold, 0) for fold in folds])

    def training_step(self, batch: tuple[int, int], batch_idx: int) -> None:
        """Run one step: up to `MINIBATCHES_PER_STEP` minibatches of one learner."""
        number, start = batch
        if self.divergence is not None:
            return
        if start == 0:
            self._begin_epoch(number)
        end = min(start + MINIBATCHES_PER_STEP, self._minibatches)
        for minibatch in range(start, end):
            for name, value in self._learners[number].take_step(minibatch).items():
                self._sums[name] = self._sums[name] + value if name in self._sums else value
        if end == self._minibatches:
            self._end_epoch(self._folds[number])
        if self._watch is not None:
            self._watch((number * self._minibatches + end) / (len(self._learners) * self._minibatches))

    def on_train_epoch_end(self) -> None:
        """Count the epoch and note when it ended."""
        self.epochs_trained += 1
        self.epoch_times.append(time.time_ns() // 1_000_000)

    def state(self) -> dict[str, Tensor]:
        """Return all that a continuation needs, as tensors by name."""
        tensors = {"epochs": torch.tensor(self.epochs_trained)}
        for number, learner in enumerate(self._learners):
            tensors |= {f"{number}.{name}": value for name, value in learner.state().items()}
        return tensors

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Continue from what `state` returned."""
        self.epochs_trained = int(tensors["epochs"])
        for number, learner in enumerate(self._learners):
            learner.load_state(below(tensors, f"{number}."))

    def _begin_epoch(self, number: int) -> None:
        seeds = [self._seed_for("training", fold, self.epochs_trained + 1) for fold in self._folds[number]]
        self._learners[number].begin_epoch(seeds, examples=self._examples, minibatches=self._minibatches)
        self._sums = {}

    def _end_epoch(self, folds: Sequence[int]) -> None:
        for name, total in self._sums.items():
            means = total.div(self._minibatches).reshape(len(folds)).tolist()
            curve = self.curves.setdefault(name, [[] for fold in range(sum(map(len, self._folds)))])
            for fold, mean in zip(folds, means, strict=True):
                curve[fold].append(mean)
        self._look_for_divergence(folds)

    def _look_for_divergence(self, folds: Sequence[int]) -> None:
        for fold in folds:
            for name, curve in self.curves.items():
                if not math.isfinite(curve[fold][-1]):
                    self.divergence = Divergence(fold, self.epochs_trained + 1, name)
                    self.trainer.should_stop = True
                    return
