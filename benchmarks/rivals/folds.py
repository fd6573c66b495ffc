"""What the rival sweeps train: the same model, folds and scores as ours, in the way a Lightning user writes them.

One `Trainer.fit` for each fold and epoch, over an ordinary DataLoader, continued from Lightning's own checkpoint: a
scheduler or pruner can stop a trial after any epoch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from models.build import build
from models.dataset_facts import DATASETS
from models.datasets import load_training
from models.hyperparameters import defaults
from models.metrics.features import feature_network
from models.metrics.scoring import Scorer
from search_spaces.shipped import load_shipped
from sweeps.search.cross_validation import assign_folds

__all__ = ["FOLDS", "Digits", "FoldFits", "load_digits", "log_uniform_ranges"]

MODEL = "beta_vae"
FOLDS = 10
SEED = 0
FACTS = DATASETS["digits"]


@dataclass(frozen=True, eq=False)
class Digits:
    """The data as a process needs it, once.

    Attributes:
        images: `(n, 8, 8)` float32.
        labels: `(n,)` int64.
        folds: `(n,)`, the fold in which each example validates.
        scorer: Scores a model on its fold.
    """

    images: Tensor
    labels: Tensor
    folds: NDArray[np.int64]
    scorer: Scorer


@cache
def load_digits() -> Digits:
    """Load, split and prepare the scores; side effect: one thread for torch in this process."""
    torch.set_num_threads(1)
    dataset = load_training("digits")
    folds = assign_folds(dataset.labels, FOLDS, SEED)
    images = torch.from_numpy(dataset.images)
    with TemporaryDirectory() as unused:  # the network of digits ships
        features = feature_network(dataset, Path(unused))
    return Digits(images, torch.from_numpy(dataset.labels), folds, Scorer(images, folds, features=features))


def log_uniform_ranges() -> dict[str, tuple[float, float]]:
    """Return the shipped space of the model: low and high by name; all of its domains are log-uniform."""
    domains = load_shipped(MODEL)["domains"]
    return {name: (float(domain["low"]), float(domain["high"])) for name, domain in domains.items()}


class FoldFits:
    """The models of one configuration, each trained on all folds but its own.

    Args:
        configuration: The searched hyperparameters; the others keep their defaults.
        folder: Where the checkpoints are; those of an earlier life are continued.
    """

    def __init__(self, configuration: Mapping[str, float], folder: Path) -> None:
        self._folder = folder
        self._hyperparameters = defaults(MODEL) | dict(configuration)
        self._digits = load_digits()
        self._models = [
            build(MODEL, self._hyperparameters, side=8, classes=FACTS.classes, levels=FACTS.levels, seed=SEED + fold)
            for fold in range(FOLDS)
        ]
        self._loaders = [self._loader(fold) for fold in range(FOLDS)]

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """Bring every fold from `epoch - 1` to `epoch` epochs and return its losses and scores, mean over the folds."""
        by_fold = [self._fit(fold, epoch) | self._score(fold) for fold in range(FOLDS)]
        return {name: fmean(measured[name] for measured in by_fold) for name in by_fold[0]}

    def _loader(self, fold: int) -> DataLoader[tuple[Tensor, ...]]:
        training = torch.from_numpy(np.flatnonzero(self._digits.folds != fold))
        examples = TensorDataset(self._digits.images[training], self._digits.labels[training])
        return DataLoader(examples, batch_size=int(self._hyperparameters["batch_size"]), shuffle=True)

    def _fit(self, fold: int, epoch: int) -> dict[str, float]:
        pl.seed_everything(SEED + 1_000 * fold + epoch, verbose=False)
        trainer = pl.Trainer(
            max_epochs=epoch,
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        checkpoint = self._folder / f"fold-{fold}.ckpt"
        before = str(checkpoint) if epoch > 1 else None
        trainer.fit(self._models[fold], self._loaders[fold], ckpt_path=before)
        trainer.save_checkpoint(checkpoint)
        return {name: float(value) for name, value in trainer.callback_metrics.items()}

    def _score(self, fold: int) -> dict[str, float]:
        generator = torch.Generator().manual_seed(SEED + fold)
        return self._digits.scorer.score(self._models[fold], fold, generator)
