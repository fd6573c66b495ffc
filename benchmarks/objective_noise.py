"""Show that the objectives order configurations reliably: across disjoint halves of the folds and across scoring seeds.

    python -m benchmarks.objective_noise
    python -m benchmarks.objective_noise --model infogan --configurations 20 --json

Draws configurations from the space that ships, trains each on the 10 folds of digits as a sweep does, and scores it at
every rung with two scoring seeds. Prints Spearman's rank correlation between the mean over folds 0 to 4 and over folds
5 to 9, and between the means of all folds under the two seeds; beside them what the correlations live from: floor,
spread and noise. Fails if a correlation at the top rung is below 0.9. Takes about three minutes.
"""

import argparse
import json
import logging
import os
import platform
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from models.build import build
from models.dataset_facts import DATASETS
from models.datasets import Dataset, load_training
from models.fold_group import FoldGroup
from models.metrics.features import feature_network
from models.metrics.scoring import GENERATED, Scorer
from search_spaces.shipped import load_shipped
from sweeps.search.cross_validation import assign_folds
from sweeps.search.proposer import RandomProposer
from sweeps.search.seeds import Purpose, derive_seed
from sweeps.spec import SweepSpec

__all__ = ["Row", "main"]

RUNGS = (1, 3, 9)
REQUIRED = 0.9
SCORING_SEEDS = (0, 1)

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """How one objective behaves at one rung.

    Attributes:
        objective: Its name.
        epochs: Epochs of the rung.
        best: Lowest mean over the folds of all configurations.
        median: The middle one.
        worst: The highest one.
        noise: Standard deviation of a configuration's mean over the folds between scoring seeds, root mean square.
        halves: Rank correlation between the two halves of the folds.
        seeds: Rank correlation between the two scoring seeds.
    """

    objective: str
    epochs: int
    best: float
    median: float
    worst: float
    noise: float
    halves: float
    seeds: float


@dataclass(frozen=True)
class Bench:
    """What all configurations share."""

    spec: SweepSpec
    dataset: Dataset
    folds: NDArray[np.int64]
    scorer: Scorer


def main() -> None:
    """Train, score, print a table or JSON; end with status 1 if an objective is not reliable."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="beta_vae", choices=("beta_vae", "infogan"))
    parser.add_argument("--configurations", type=int, default=50)
    parser.add_argument("--generated", type=int, default=GENERATED, help="images generated for each fold")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # three fits for every configuration
    bench = set_up(arguments.model, arguments.generated)
    collected: defaultdict[tuple[str, int], list[Scores]] = defaultdict(list)
    for trial in range(arguments.configurations):
        for key, scores in train_and_score(bench, trial).items():
            collected[key].append(scores)
    floor = collected.pop(("fid_floor", RUNGS[-1]))[0].mean()
    rows = [summarise(key, np.array(scores)) for key, scores in sorted(collected.items()) if key[0] != "fid_floor"]
    report(rows, floor=float(floor), arguments=arguments)
    sys.exit(any(min(row.halves, row.seeds) < REQUIRED for row in rows if row.epochs == RUNGS[-1]))


def set_up(model: str, generated: int) -> Bench:
    """Load the digits, split them, and compute what the scorer needs."""
    domains = load_shipped(model)["domains"]
    spec = SweepSpec.model_validate(
        {
            "name": "noise",
            "model": model,
            "dataset": {"name": "digits"},
            "space": domains,
            "hyperband": {"max_epochs": RUNGS[-1]},
        }
    )
    digits = load_training("digits")
    folds = assign_folds(digits.labels, spec.folds, derive_seed(spec.seed, Purpose.SPLIT))
    with TemporaryDirectory() as unused:  # the network of digits ships
        features = feature_network(digits, Path(unused))
    return Bench(
        spec, digits, folds, Scorer(torch.from_numpy(digits.images), folds, features=features, generated=generated)
    )


def train_and_score(bench: Bench, trial: int) -> dict[tuple[str, int], Scores]:
    """Train one configuration through all rungs; return scores (seed, fold) by objective and epochs."""
    group = fold_group(bench, trial)
    scores = {}
    for epochs in RUNGS:
        group.train_to(epochs)
        by_seed = [[score(bench, group, fold, seed) for fold in range(bench.spec.folds)] for seed in SCORING_SEEDS]
        for name in by_seed[0][0]:
            scores[name, epochs] = np.array([[fold[name] for fold in folds] for folds in by_seed])
    return scores


def fold_group(bench: Bench, trial: int) -> FoldGroup:
    """Build the models of one configuration, on all folds, as a sweep does."""
    spec, images = bench.spec, torch.from_numpy(bench.dataset.images)
    configuration = RandomProposer(spec.search_space(), spec.seed).propose(trial, trial, [])
    hyperparameters = spec.hyperparameters(configuration)
    seeds = [derive_seed(spec.seed, Purpose.INITIAL, trial, fold) for fold in range(spec.folds)]
    facts = DATASETS[bench.dataset.name]

    def seed_for(purpose: Literal["labels", "training"], fold: int, epoch: int) -> int:
        if purpose == "labels":
            return derive_seed(spec.seed, Purpose.LABELS, fold)
        return derive_seed(spec.seed, Purpose.TRAINING, trial, fold, epoch)

    return FoldGroup(
        [
            build(
                spec.model, hyperparameters, side=images.shape[1], classes=facts.classes, levels=facts.levels, seed=seed
            )
            for seed in seeds
        ],
        [torch.from_numpy(np.flatnonzero(bench.folds != fold)) for fold in range(spec.folds)],
        images,
        torch.from_numpy(bench.dataset.labels),
        batch_size=int(hyperparameters["batch_size"]),
        seed_for=seed_for,
    )


def score(bench: Bench, group: FoldGroup, fold: int, seed: int) -> dict[str, float]:
    """Score one fold under one scoring seed, the same one for every configuration."""
    generator = torch.Generator().manual_seed(derive_seed(seed, Purpose.SCORING, fold))
    return bench.scorer.score(group.model(fold), fold, generator)


def summarise(key: tuple[str, int], scores: Scores) -> Row:
    """Reduce scores (configuration, seed, fold) to a row."""
    half = scores.shape[2] // 2
    means = scores.mean(axis=2)
    return Row(
        objective=key[0],
        epochs=key[1],
        best=float(means.min()),
        median=float(np.median(means)),
        worst=float(means.max()),
        noise=float(np.sqrt(means.var(axis=1, ddof=1).mean())),
        halves=rank_correlation(scores[:, 0, :half].mean(axis=1), scores[:, 0, half:].mean(axis=1)),
        seeds=rank_correlation(means[:, 0], means[:, 1]),
    )


def rank_correlation(first: Scores, second: Scores) -> float:
    """Return Spearman's ρ."""
    return float(spearmanr(first, second).statistic)


def report(rows: list[Row], *, floor: float, arguments: argparse.Namespace) -> None:
    """Print what was measured and on what."""
    machine = (
        f"{os.cpu_count()} cores, {platform.machine()}, torch {torch.__version__}, Python {platform.python_version()}"
    )
    if arguments.json:
        print(
            json.dumps({**vars(arguments), "machine": machine, "floor": floor, "rows": [asdict(row) for row in rows]})
        )
        return
    print(f"{arguments.configurations} configurations of {arguments.model}, {arguments.generated} images a fold")
    print(machine)
    print(f"fid of real training images (floor): {floor:.3f}\n")
    print("objective epochs     best   median    worst    noise  ρ halves  ρ seeds")
    for row in rows:
        numbers = f"{row.best:8.3f} {row.median:8.3f} {row.worst:8.3f} {row.noise:8.4f}"
        print(f"{row.objective:9} {row.epochs:6} {numbers} {row.halves:9.3f} {row.seeds:8.4f}")


if __name__ == "__main__":
    main()
