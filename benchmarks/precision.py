"""What training in `bf16` costs in quality: the same configurations, folds and seeds in both precisions, fold by fold.

    python -m benchmarks.precision --data FOLDER    # where mnist/ lies; or $SWEEPS_DATA
    python -m benchmarks.precision --only digits

Trains ten folds as a sweep does, scores them in float32, and prints for each objective the mean over the folds trained
in float32, the mean of the paired differences (`bf16` less float32: above 0 it is worse), and the standard error of
that. Quality holds where the difference is within one standard error. Takes about ten minutes.
"""

import argparse
import logging
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.machine import machine_line
from benchmarks.objective_noise import Bench, fold_group, score
from models.datasets import load_training
from models.metrics.features import feature_network
from models.metrics.scoring import Scorer
from models.precision import Precision
from models.rule import Value
from sweeps.search.cross_validation import assign_folds, fold_mean, standard_error
from sweeps.search.seeds import Purpose, derive_seed
from sweeps.spec import SweepSpec

__all__ = ["CASES", "Case", "Difference", "compare", "main"]

FOLDS = 10


@dataclass(frozen=True)
class Case:
    """One configuration on a dataset, trained for so many epochs."""

    model: str
    dataset: str
    hyperparameters: dict[str, Value]
    epochs: int
    limit: int | None = None


CASES = (
    Case("beta_vae", "digits", {}, epochs=9),
    Case("infogan", "digits", {}, epochs=9),
    Case("beta_vae", "mnist", {"hidden": 400, "latent_dim": 20, "lr": 1e-3}, epochs=9, limit=6000),
    Case("beta_vae", "mnist", {"network": "conv", "lr": 2e-3}, epochs=3, limit=6000),
    Case("infogan", "mnist", {}, epochs=3, limit=6000),
)


@dataclass(frozen=True)
class Difference:
    """What one objective says of two trainings on the same folds.

    Attributes:
        mean: Over the folds, of the first training.
        difference: Mean of the second's scores less the first's, fold by fold.
        error: Its standard error.
    """

    mean: float
    difference: float
    error: float

    @property
    def verdict(self) -> str:
        """`holds` within one standard error, else `better` or `worse`; lower scores are better."""
        if abs(self.difference) <= self.error:
            return "holds"
        return "better" if self.difference < 0 else "worse"


def compare(first: list[float], second: list[float]) -> Difference:
    """Compare the scores of two trainings, by fold."""
    differences = [theirs - mine for mine, theirs in zip(first, second, strict=True)]
    return Difference(fold_mean(first), fold_mean(differences), standard_error(differences))


def main() -> None:
    """Train, score and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("SWEEPS_DATA"), help="where mnist/ lies")
    parser.add_argument("--only", choices=("digits", "mnist"), help="the cases of one dataset")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    print(machine_line())
    print("model    dataset epochs objective  float32  difference  standard error")
    for case in CASES:
        if arguments.only in (None, case.dataset):
            _measure(case, arguments.data)


def _measure(case: Case, data: Path | None) -> None:
    bench = _set_up(case, data)
    plain, reduced = _train_and_score(bench, "float32"), _train_and_score(bench, "bf16")
    for objective in sorted(plain.keys() - {"fid_floor"}):
        found = compare(plain[objective], reduced[objective])
        numbers = f"{found.mean:8.3f} {found.difference:11.3f} {found.error:15.3f}"
        row = f"{case.model:8} {case.dataset:7} {case.epochs:6} {objective:9} {numbers} {found.verdict:6}"
        print(row, case.hyperparameters or "", flush=True)


def _set_up(case: Case, data: Path | None) -> Bench:
    spec = SweepSpec.model_validate(
        {
            "name": "precision",
            "model": case.model,
            "dataset": {"name": case.dataset, "limit": case.limit},
            "space": {},
            "fixed": case.hyperparameters,
            "folds": FOLDS,
            "hyperband": {"max_epochs": case.epochs},
        }
    )
    dataset = load_training(case.dataset, limit=case.limit, folder=data)
    folds = assign_folds(dataset.labels, FOLDS, derive_seed(spec.seed, Purpose.SPLIT))
    with TemporaryDirectory() as unused:  # the networks of both datasets ship
        features = feature_network(dataset, Path(unused))
    return Bench(spec, dataset, folds, Scorer(torch.from_numpy(dataset.images), folds, features=features))


def _train_and_score(bench: Bench, precision: Precision) -> dict[str, list[float]]:
    """Return each score by fold."""
    group, begun = fold_group(bench, trial=0), time.perf_counter()
    for epochs in range(1, bench.spec.hyperband.max_epochs + 1):
        group.train_to(epochs, precision=precision)
        spent = time.perf_counter() - begun
        print(f"{bench.spec.model} {precision}: epoch {epochs} after {spent:.0f} s", file=sys.stderr, flush=True)
    by_fold = [score(bench, group, fold, bench.spec.seed) for fold in range(FOLDS)]
    return {name: [scores[name] for scores in by_fold] for name in by_fold[0]}


if __name__ == "__main__":
    main()
