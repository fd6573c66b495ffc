"""Trains the champion of a sweep on the whole training part of its dataset: the model that someone takes away.

Everything follows from best.yaml and the data. A checkpoint after every epoch only saves time: whoever is killed and
started again ends with the same bits.
"""

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from models.base import GenerativeModel
from models.build import build
from models.dataset_facts import DATASETS, DatasetError
from models.datasets import Dataset, load_training
from models.fold_group import FoldGroup, Watch
from models.hyperparameters import HYPERPARAMETERS, defaults
from models.learner import below
from models.precision import Precision
from models.saved import ModelConfig, read_config, weights_of
from sweeps.errors import SweepError
from sweeps.execution.sample_grid import COLUMNS, sample_grid_png
from sweeps.execution.storage import file_sha256, write_atomically
from sweeps.model_card import model_card
from sweeps.model_folder import ModelFolder, Recipe
from sweeps.record.export import BestConfig, package_versions, source_commit
from sweeps.search.seeds import Purpose, derive_seed
from sweeps.spec import Device

__all__ = ["Epoch", "TrainingReport", "train_champion"]

SAMPLES = 6 * COLUMNS

INITIAL, LABELS, TRAINING = 0, 1, 2
"""The keys of `Purpose.FINAL`."""


@dataclass(frozen=True)
class Epoch:
    """How far a training has come.

    Attributes:
        trained: Epochs that are done.
        epochs: Epochs that there are in all.
        terms: Mean of each term over the last epoch done; empty before the first.
        part: How much of the next epoch is done, from 0 to 1.
    """

    trained: int
    epochs: int
    terms: dict[str, float]
    part: float = 0.0


@dataclass(frozen=True)
class TrainingReport:
    """How a training ended.

    Attributes:
        folder: Where the model is.
        config: The contents of its config.json.
        restored: Epochs found from earlier runs; all of them if the model was there already.
    """

    folder: Path
    config: ModelConfig
    restored: int

    def as_json(self) -> dict[str, Any]:
        """Return the report for scripts."""
        training = self.config.training
        return {
            "folder": str(self.folder),
            "model": self.config.model,
            "dataset": training["recipe"]["dataset"],
            "epochs": training["recipe"]["epochs"],
            "restored_epochs": self.restored,
            "terms": training["terms"],
            "weights_sha256": self.config.weights_sha256,
        }


def train_champion(
    best: BestConfig,
    folder: Path,
    *,
    data: Path | None,
    threads: int,
    watch: Callable[[Epoch], None],
    device: Device | None = None,
) -> TrainingReport:
    """Train a sweep's champion on all training examples, from wherever an earlier run was broken off.

    Side effects: writes the folder; sets the number of torch's threads. The last bits depend on it, and on the device.

    Args:
        best: The contents of best.yaml.
        folder: Where the model goes: a new folder, or one in which its training was begun.
        data: Folder of the datasets that are not installed; None if there is none.
        threads: Of torch.
        watch: Called before the first epoch, as epochs go on, and after each.
        device: Where to train; None for the kind that the sweep was run on.

    Raises:
        SweepError: The folder is another model's, the data are not those of the sweep, there is no such device, or a
            loss became non-finite.
    """
    device = device or best.measured.device
    files, recipe = ModelFolder(folder), _recipe(best, threads, device)
    if files.is_finished(recipe):
        return _found(files, best)
    _require(device)
    dataset = _read_data(best, data)
    torch.set_num_threads(threads)
    # Otherwise Lightning tells of every epoch that it begins.
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    group = _fold_group(best, dataset)  # what no model allows is refused before there is a folder
    with files.claimed(recipe):
        terms = _restore(files, group)
        restored, epochs, precision = group.epochs_trained, best.measured.epochs, best.measured.precision
        watch(Epoch(restored, epochs, terms))
        while group.epochs_trained < epochs:
            told = _within(Epoch(group.epochs_trained, epochs, terms), watch)
            terms = _train_epoch(group, device, precision, told)
            files.write_checkpoint(_checkpoint(group, terms))
            watch(Epoch(group.epochs_trained, epochs, terms))
        config = _write(files, best, recipe, group.model(0), terms)
    files.clear_away()
    return TrainingReport(folder, config, restored)


def _require(device: Device) -> None:
    if device == "gpu" and not torch.cuda.is_available():
        raise SweepError("--device gpu needs a GPU that torch can use, but this machine has none. Write --device cpu.")


def _recipe(best: BestConfig, threads: int, device: Device) -> Recipe:
    measured = best.measured
    return {
        "model": best.model,
        "hyperparameters": dict(best.champion.hyperparameters),
        "dataset": measured.dataset,
        "limit": measured.limit,
        "dataset_sha256": measured.dataset_sha256,
        "epochs": measured.epochs,
        "seed": measured.seed,
        "precision": measured.precision,
        "threads": threads,
        "device": device,
    }


def _found(files: ModelFolder, best: BestConfig) -> TrainingReport:
    """Report a model that is there already, and clear away what a training that was killed at its end left."""
    files.clear_away()
    return TrainingReport(files.root, read_config(files.root), best.measured.epochs)


def _read_data(best: BestConfig, data: Path | None) -> Dataset:
    measured = best.measured
    try:
        dataset = load_training(measured.dataset, limit=measured.limit, folder=data)
    except DatasetError as error:
        raise SweepError(str(error)) from error
    if dataset.sha256 != measured.dataset_sha256:
        rule = f"{measured.dataset} must have the SHA-256 of the sweep's data, {measured.dataset_sha256}"
        raise SweepError(f"{rule}, but has {dataset.sha256}. Take the files the sweep was run on, by $SWEEPS_DATA.")
    return dataset


def _fold_group(best: BestConfig, dataset: Dataset) -> FoldGroup:
    """Return a group of one model, whose part is everything."""
    seed, hyperparameters = best.measured.seed, best.champion.hyperparameters

    def seed_for(purpose: Literal["labels", "training"], fold: int, epoch: int) -> int:  # noqa: ARG001  # there is one
        if purpose == "labels":
            return derive_seed(seed, Purpose.FINAL, LABELS)
        return derive_seed(seed, Purpose.FINAL, TRAINING, epoch)

    model = _build(best, derive_seed(seed, Purpose.FINAL, INITIAL))
    images, labels = torch.from_numpy(dataset.images), torch.from_numpy(dataset.labels)
    batch_size = int({**defaults(best.model), **hyperparameters}["batch_size"])
    return FoldGroup([model], [torch.arange(len(labels))], images, labels, batch_size=batch_size, seed_for=seed_for)


def _build(best: BestConfig, seed: int) -> GenerativeModel:
    if best.model not in HYPERPARAMETERS:
        raise SweepError(f"the model must be one of {', '.join(HYPERPARAMETERS)}, but got {best.model!r}.")
    facts = DATASETS[best.measured.dataset]
    try:
        return build(
            best.model,
            best.champion.hyperparameters,
            side=facts.side,
            classes=facts.classes,
            levels=facts.levels,
            seed=seed,
        )
    except ValueError as error:
        remedy = "Export the configuration again with the version that trains it."
        raise SweepError(f"{best.model} must allow the champion's hyperparameters, but {error}. {remedy}") from error


def _within(begun: Epoch, watch: Callable[[Epoch], None]) -> Watch:
    """Return what tells of the steps of an epoch but for the last, after which the whole epoch is told."""

    def tell(part: float) -> None:
        if part < 1:
            watch(replace(begun, part=part))

    return tell


def _train_epoch(group: FoldGroup, device: Device, precision: Precision, watch: Watch) -> dict[str, float]:
    """Train one epoch and return the mean of each term."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")  # Lightning's own doing
            group.train_to(group.epochs_trained + 1, accelerator=device, precision=precision, watch=watch)
    except SystemExit as ended:  # what Lightning makes of Ctrl-C
        raise KeyboardInterrupt from ended
    if group.divergence is not None:
        where = f"{group.divergence.term} became non-finite in epoch {group.divergence.epoch}"
        raise SweepError(f"training must stay finite, but {where}. Sweep again with a lower highest learning rate.")
    return {name: folds[0][-1] for name, folds in group.curves.items()}


def _checkpoint(group: FoldGroup, terms: dict[str, float]) -> dict[str, Tensor]:
    tensors = {f"group.{name}": tensor for name, tensor in group.state().items()}
    return tensors | {f"term.{name}": torch.tensor(value, dtype=torch.float64) for name, value in terms.items()}


def _restore(files: ModelFolder, group: FoldGroup) -> dict[str, float]:
    """Continue from the last checkpoint, if there is one, and return the terms of its epoch."""
    tensors = files.read_checkpoint()
    if tensors is None:
        return {}
    try:
        group.load_state(below(tensors, "group."))
    except (KeyError, RuntimeError, ValueError) as error:
        raise files.damaged("it holds the state of another model") from error
    return {name: value.item() for name, value in sorted(below(tensors, "term.").items())}


def _write(
    files: ModelFolder, best: BestConfig, recipe: Recipe, model: GenerativeModel, terms: dict[str, float]
) -> ModelConfig:
    """Write the model's files, the one that vouches for the others last."""
    generator = torch.Generator().manual_seed(derive_seed(best.measured.seed, Purpose.SAMPLES))
    write_atomically(files.samples, sample_grid_png(model.sample(SAMPLES, generator).numpy()))
    write_atomically(files.weights, weights_of(model))
    config = ModelConfig(
        model=best.model,
        hyperparameters=dict(best.champion.hyperparameters),
        side=model.side,
        classes=model.classes,
        levels=DATASETS[best.measured.dataset].levels,
        weights_sha256=file_sha256(files.weights),
        training={
            "recipe": recipe,
            "terms": dict(sorted(terms.items())),
            "sweep_id": best.provenance.sweep_id,
            "versions": package_versions(),
            "git_commit": source_commit(),
        },
    )
    write_atomically(files.card, model_card(best, config).encode())
    write_atomically(files.config, (config.model_dump_json(indent=1) + "\n").encode())
    return config
