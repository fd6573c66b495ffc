"""How fast a fold group trains under Lightning, beside plain PyTorch loops over the same folds in the same process.

    python -m benchmarks.training_speed --data FOLDER    # where mnist/ lies; or $SWEEPS_DATA

Ten folds, one thread. *Same model* is a loop that calls `minibatch_step` of the very models, fold after fold; *written
plainly* is a loop over `benchmarks.plain_vae`, which shares no code with `models`. Beside them stand the group in
`bf16`, and in float32 under `torch.set_float32_matmul_precision("medium")`. All take turns in short rounds. A ratio is
the time of a loop divided by ours, or ours divided by that in another precision: the median over the rounds, with
quartiles; above 1 the group, or the other precision, is faster. Ends with status 1 if a limit is missed. Takes about
ten minutes on a quiet machine.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Literal

import torch
from torch import Tensor

from benchmarks.machine import machine_line
from benchmarks.plain_vae import PlainLoop, PlainVAE, conv_vae, dense_vae
from benchmarks.turns import ratio, take_turns
from models.base import GenerativeModel, Minibatch
from models.build import build
from models.dataset_facts import DATASETS
from models.datasets import Dataset, load_training
from models.fold_group import FoldGroup
from models.rule import Value

__all__ = ["CASES", "Case", "SameModel", "main"]

FOLDS, BATCH = 10, 64


@dataclass(frozen=True)
class Case:
    """A model on a dataset.

    Attributes:
        model: Its name.
        dataset: Its dataset's.
        hyperparameters: Those that are not the defaults.
        steps: Of each fold in a round.
        limit: The least ratio to the loop over the same models.
        plain: Builds the model that is written plainly, if there is one.
    """

    model: str
    dataset: str
    hyperparameters: dict[str, Value]
    steps: int
    limit: float
    plain: Callable[[], PlainVAE] | None = None

    def build(self, fold: int) -> GenerativeModel:
        """Return the model of one fold."""
        facts = DATASETS[self.dataset]
        return build(self.model, self.hyperparameters, side=facts.side, classes=facts.classes, seed=fold)


CASES = (
    Case(
        "vae", "mnist", {"hidden": 400, "latent_dim": 20}, 50, 0.95, partial(dense_vae, side=28, hidden=400, latent=20)
    ),
    Case("vae", "mnist", {"network": "conv"}, 6, 0.95, partial(conv_vae, hidden=128, latent=16)),
    Case("infogan", "mnist", {"network": "conv", "batch_size": BATCH}, 3, 0.95),
    Case("vae", "digits", {}, 20, 0.85, partial(dense_vae, side=8, hidden=128, latent=16)),
    Case("infogan", "digits", {"batch_size": BATCH}, 20, 0.85),
)


class SameModel:
    """A plain loop over a model of the project at one fold's part of the examples, all of whose labels are known."""

    def __init__(self, model: GenerativeModel, part: Tensor, images: Tensor, labels: Tensor) -> None:
        model.examples = len(part)
        self.model, self.part, self.images, self.labels = model, part, images, labels
        self.optimizers = model.make_optimizers()
        self.generator = torch.Generator().manual_seed(0)

    def train(self) -> None:
        """Train one epoch."""
        for rows in torch.split(self.part[torch.randperm(len(self.part))], BATCH):
            known = self.part[torch.randint(len(self.part), (len(rows) if self.model.labels_per_class else 0,))]
            batch = Minibatch(self.images[rows], self.images[known], self.labels[known])
            self.model.minibatch_step(batch, self.model.draw_noise(len(rows), self.generator), self.optimizers)


def main() -> None:
    """Measure every case and print the table; end with status 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("SWEEPS_DATA"), help="where mnist/ lies")
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    print(machine_line(("torch", "pytorch-lightning")))
    print("model    dataset  ms a step  same model           limit         written plainly      bf16", end=" " * 17)
    print("medium")
    reached = [_measure(case, load_training(case.dataset, folder=arguments.data), arguments.rounds) for case in CASES]
    sys.exit(not all(reached))


def _measure(case: Case, dataset: Dataset, rounds: int) -> bool:
    """Print a row of the table and tell whether the limit is reached."""
    seconds = take_turns(_runners(case, dataset), rounds)
    ours = seconds["ours"]
    same = ratio(seconds["same"], ours)
    milliseconds = 1000 * median(ours) / FOLDS / case.steps
    reached = same.median >= case.limit
    verdict = f"{case.limit:.2f} {'reached' if reached else 'missed'}"
    plainly = ratio(seconds["plain"], ours) if case.plain else "-"
    bf16, medium = ratio(ours, seconds["bf16"]), ratio(ours, seconds["medium"])
    row = f"{case.model:8} {case.dataset:8} {milliseconds:9.3f}  {same!s:20} {verdict:13} {plainly!s:20}"
    print(row, f"{bf16!s:20} {medium!s:20}", case.hyperparameters or "", flush=True)
    return reached


def _runners(case: Case, dataset: Dataset) -> dict[str, Callable[[], None]]:
    """Return what trains all folds for a short epoch, ours and the plain loops, each after a first go."""
    images, labels = torch.from_numpy(dataset.images), torch.from_numpy(dataset.labels)
    parts = [torch.randperm(len(images))[: case.steps * BATCH] for _ in range(FOLDS)]
    ours, bf16, medium = (_group(case, parts, images, labels) for _ in range(3))
    same = [SameModel(case.build(fold), part, images, labels) for fold, part in enumerate(parts)]
    plain = [PlainLoop(case.plain(), part, images, BATCH) for part in parts] if case.plain else []
    runners: dict[str, Callable[[], None]] = {
        "ours": lambda: ours.train_to(ours.epochs_trained + 1),
        "bf16": lambda: bf16.train_to(bf16.epochs_trained + 1, precision="bf16"),
        "medium": lambda: _train_medium(medium),
        "same": lambda: _train_each(same),
        "plain": lambda: _train_each(plain),
    }
    for train in runners.values():
        train()
    return runners


def _group(case: Case, parts: list[Tensor], images: Tensor, labels: Tensor) -> FoldGroup:
    models = [case.build(fold) for fold in range(FOLDS)]
    return FoldGroup(models, parts, images, labels, batch_size=BATCH, seed_for=_seed_for)


def _train_medium(group: FoldGroup) -> None:
    torch.set_float32_matmul_precision("medium")
    try:
        group.train_to(group.epochs_trained + 1)
    finally:
        torch.set_float32_matmul_precision("highest")


def _train_each(loops: list[SameModel] | list[PlainLoop]) -> None:
    for loop in loops:
        loop.train()


def _seed_for(purpose: Literal["labels", "training"], fold: int, epoch: int) -> int:
    return len(purpose) + 1000 * fold + 10 * epoch


if __name__ == "__main__":
    main()
