"""How much faster the folds of a trial train as one stack than one after another, by the work of a step.

    python -m benchmarks.stacking

Trains ten folds of random images both ways, in turn, in one thread, and prints medians. The crossing point is the
`LARGEST_STACKED_WORK` of `models.stacking`. Takes about three minutes; keep the machine quiet.
"""

import logging
import time
from dataclasses import dataclass, field
from statistics import median
from typing import Literal
from unittest.mock import patch

import torch

from benchmarks.machine import machine_line
from models.build import build
from models.fold_group import FoldGroup
from models.rule import Value

__all__ = ["CASES", "Case", "main"]

FOLDS, CLASSES, ROUNDS = 10, 10, 5
STEPS = 20
"""Steps of each fold in an epoch."""


@dataclass(frozen=True)
class Case:
    """A model to be trained both ways."""

    model: str
    side: int
    hyperparameters: dict[str, Value] = field(default_factory=dict)

    @property
    def batch_size(self) -> int:
        """Return the examples in a minibatch."""
        return int(self.hyperparameters.get("batch_size", 64))


CASES = (
    Case("beta_vae", 8),
    Case("beta_vae", 8, {"hidden": 256}),
    Case("beta_vae", 8, {"hidden": 512}),
    Case("beta_vae", 8, {"hidden": 1024}),
    Case("infogan", 8, {"bottleneck": 64, "batch_size": 12}),
    Case("infogan", 8, {"batch_size": 32}),
    Case("infogan", 8, {"batch_size": 64}),
    Case("infogan", 8, {"hidden": 256, "batch_size": 64}),
    Case("beta_vae", 28, {"hidden": 128}),
    Case("beta_vae", 28, {"hidden": 400}),
    Case("beta_vae", 28, {"network": "conv"}),
)


def main() -> None:
    """Measure every case and print the table."""
    torch.set_num_threads(1)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    print(machine_line(("torch", "pytorch-lightning")))
    print("model     side parameters·batch  one by one  stacked  ratio   (ms per fold and step)")
    for case in CASES:
        groups = {stacked: _group(case, stacked=stacked) for stacked in (False, True)}
        times: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(ROUNDS):
            for stacked, group in groups.items():
                times[stacked].append(_milliseconds(group))
        alone, together = median(times[False]), median(times[True])
        work = sum(weights.numel() for weights in groups[False].model(0).parameters()) * case.batch_size
        print(
            f"{case.model:9} {case.side:4} {work:16,} {alone:11.3f} {together:8.3f} {alone / together:6.2f}  "
            f"{case.hyperparameters or ''}",
            flush=True,
        )


def _group(case: Case, *, stacked: bool) -> FoldGroup:
    count = case.batch_size * STEPS
    images = torch.rand(count, case.side, case.side, generator=torch.Generator().manual_seed(0))
    models = [
        build(case.model, case.hyperparameters, side=case.side, classes=CLASSES, seed=fold) for fold in range(FOLDS)
    ]
    with patch("models.fold_group.worth_stacking", return_value=stacked):
        group = FoldGroup(
            models,
            [torch.arange(count)] * FOLDS,
            images,
            torch.arange(count) % CLASSES,
            batch_size=case.batch_size,
            seed_for=_seed_for,
        )
    group.train_to(1)
    return group


def _seed_for(purpose: Literal["labels", "training"], fold: int, epoch: int) -> int:
    return len(purpose) + 1000 * fold + 10 * epoch


def _milliseconds(group: FoldGroup) -> float:
    begun = time.perf_counter()
    group.train_to(group.epochs_trained + 1)
    return 1000 * (time.perf_counter() - begun) / STEPS / FOLDS


if __name__ == "__main__":
    main()
