"""Trains a model on a whole training part by a schedule in stages, and goes on where an earlier run was stopped."""

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from benchmarks.yardstick.bench import Bench
from models.base import GenerativeModel
from models.build import build
from models.dataset_facts import DATASETS
from models.datasets import Dataset
from models.fold_group import FoldGroup
from models.hyperparameters import defaults
from models.precision import Precision
from models.rule import Value
from sweeps.execution.storage import write_atomically
from sweeps.search.seeds import Purpose, derive_seed

__all__ = ["Recipe", "Stage", "train"]

INITIAL, LABELS, TRAINING = 0, 1, 2
"""The keys of `Purpose.FINAL`, as `sweeps train` uses them."""


@dataclass(frozen=True)
class Stage:
    """A part of a schedule.

    Attributes:
        epochs: How long it lasts.
        changes: Hyperparameters that it has instead of the recipe's, like the learning rate.
    """

    epochs: int
    changes: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """All that decides a trained model but its data.

    Attributes:
        model: Its name.
        hyperparameters: By name; what is not among them has its default.
        stages: In their order.
        seed: Of all randomness.
        precision: In what the networks multiply while they are trained.
    """

    model: str
    hyperparameters: Mapping[str, Value]
    stages: tuple[Stage, ...]
    seed: int = 0
    precision: Precision = "float32"

    @property
    def epochs(self) -> int:
        """Epochs of all stages."""
        return sum(stage.epochs for stage in self.stages)


def train(recipe: Recipe, dataset: Dataset, bench: Bench) -> GenerativeModel:
    """Train on every example of a dataset.

    Side effects: keeps a checkpoint of each stage in the folder `work` after every epoch, and goes on from what is
    there: of this recipe, or of another that begins with the same stages.

    Raises:
        ValueError: A term of the loss became non-finite.
    """
    task = bench.progress.add_task(f"train {recipe.model}", total=recipe.epochs)
    state: dict[str, Tensor] = {}
    epochs = 0
    for number, stage in enumerate(recipe.stages):
        checkpoint = bench.work / f"{recipe.model}-{_digest(recipe, dataset, number)}.safetensors"
        state = load_file(checkpoint) if checkpoint.exists() else state
        group = _fold_group(recipe, stage, dataset)
        if state:
            group.load_state(state)
        epochs += stage.epochs
        bench.progress.update(task, completed=group.epochs_trained)
        while group.epochs_trained < epochs:
            _train_epoch(group, recipe.precision)
            _write(checkpoint, group)
            bench.progress.update(task, completed=group.epochs_trained)
        state = group.state()
    return group.model(0)


def _digest(recipe: Recipe, dataset: Dataset, number: int) -> str:
    """Name what decides the weights up to the end of a stage."""
    stages = [asdict(stage) for stage in recipe.stages[: number + 1]]
    decides = [recipe.model, dict(recipe.hyperparameters), stages, recipe.seed, recipe.precision, dataset.sha256]
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]


def _fold_group(recipe: Recipe, stage: Stage, dataset: Dataset) -> FoldGroup:
    """Return a group of one model, whose part is everything, with the hyperparameters of a stage."""
    facts, hyperparameters = DATASETS[dataset.name], {**recipe.hyperparameters, **stage.changes}
    seed = derive_seed(recipe.seed, Purpose.FINAL, INITIAL)
    model = build(recipe.model, hyperparameters, side=facts.side, classes=facts.classes, levels=facts.levels, seed=seed)

    def seed_for(purpose: Literal["labels", "training"], fold: int, epoch: int) -> int:  # noqa: ARG001  # one fold
        key = (LABELS,) if purpose == "labels" else (TRAINING, epoch)
        return derive_seed(recipe.seed, Purpose.FINAL, *key)

    images, labels = torch.from_numpy(dataset.images), torch.from_numpy(dataset.labels)
    batch_size = int({**defaults(recipe.model), **hyperparameters}["batch_size"])
    return FoldGroup([model], [torch.arange(len(labels))], images, labels, batch_size=batch_size, seed_for=seed_for)


def _train_epoch(group: FoldGroup, precision: Precision) -> None:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")  # Lightning's own doing
            group.train_to(group.epochs_trained + 1, precision=precision)
    except SystemExit as ended:  # what Lightning makes of Ctrl-C
        raise KeyboardInterrupt from ended
    if group.divergence is not None:
        raise ValueError(f"training must stay finite, but {group.divergence}. Lower the learning rate of the recipe.")


def _write(checkpoint: Path, group: FoldGroup) -> None:
    write_atomically(checkpoint, save({name: tensor.contiguous() for name, tensor in group.state().items()}))
