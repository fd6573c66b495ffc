"""What a sweep will do and cost, before anything is spent."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

from models.dataset_facts import DATASETS, class_counts
from models.hyperparameters import HYPERPARAMETERS
from sweeps.errors import StorageError
from sweeps.execution.storage import SweepFiles
from sweeps.spec import SweepSpec

__all__ = ["Estimate", "Plan", "make_plan"]

SECONDS_PER_EXAMPLE = {
    ("vae", 8): 9.6e-6,
    ("beta_vae", 8): 8.3e-6,
    ("info_vae", 8): 1.6e-5,
    ("beta_tcvae", 8): 3.0e-5,
    ("dip_vae", 8): 8.2e-6,
    ("factor_vae", 8): 1.5e-5,
    ("cat_vae", 8): 2.6e-5,
    ("cvae", 8): 1.0e-5,
    ("infogan", 8): 1.2e-4,
    ("beta_vae", 28): 6.3e-5,
    ("infogan", 28): 3e-4,
}
"""One core's time to train on one example, by model and image side, with the defaults; `benchmarks/costs.py`.

A model that is not listed counts as the one listed of its family.
"""

SECONDS_PER_SCORE = {8: 0.006, 28: 0.07}
"""One core's time to score one fold, by image side; the same benchmark."""

BYTES_PER_FOLD = {
    ("beta_vae", 8): 2.7e5,
    ("factor_vae", 8): 3.4e5,
    ("cat_vae", 8): 8.2e5,
    ("infogan", 8): 2.1e6,
    ("beta_vae", 28): 5e6,
    ("infogan", 28): 4.9e6,
}
"""A fold's share of a checkpoint, with the defaults; the same benchmark."""

COMPARED = ("model", "dataset", "folds", "resources", "precision")
"""What two specs must have in common for their evaluations to take equally long."""

READING = Lock()
"""Of many who plan at once, one reads results that are not known yet; the others would only read the same."""

START_SECONDS = 5.0
"""Ray, the workers' imports and the end of a sweep, once a run."""


@dataclass(frozen=True)
class Estimate:
    """What a plan will cost, roughly.

    Attributes:
        seconds: From start to champion.
        disk_bytes: What stays in the home.
        basis: What the estimate rests on, for people.
    """

    seconds: float
    disk_bytes: float
    basis: str


@dataclass(frozen=True)
class Plan:
    """Brackets, rungs and counts of a spec."""

    spec: SweepSpec
    estimate: Estimate
    workers: int

    @property
    def trials(self) -> int:
        """Configurations that will be drawn."""
        return self.spec.ladder().trials

    @property
    def evaluations(self) -> int:
        """Trials brought to a rung, over all rungs."""
        return self.spec.ladder().evaluations

    @property
    def fold_epochs(self) -> int:
        """Epochs of training, over all folds of all trials."""
        return self.spec.ladder().epochs * self.spec.folds

    def as_json(self) -> dict[str, Any]:
        """Return the plan for scripts."""
        return {
            "sweep_id": self.spec.sweep_id,
            "preset": self.spec.preset,
            "fixed": self.spec.fixed,
            "searched": list(self.spec.search_space().names),
            "max_epochs": self.spec.hyperband.max_epochs,
            "trials": self.trials,
            "evaluations": self.evaluations,
            "fold_epochs": self.fold_epochs,
            "brackets": [
                {"rungs": [{"trials": r.trials, "folds": self.spec.folds, "epochs": r.epochs} for r in bracket.rungs]}
                for bracket in self.spec.ladder()
            ],
            "workers": self.workers,
            "estimated_seconds": round(self.estimate.seconds, 1),
            "estimated_disk_bytes": round(self.estimate.disk_bytes),
            "estimate_basis": self.estimate.basis,
        }


def make_plan(spec: SweepSpec, earlier: Iterable[SweepFiles], workers: int) -> Plan:
    """Return what a sweep will do, with its cost from earlier sweeps of its kind or else from shipped figures."""
    side = DATASETS[spec.dataset.name].side
    examples = sum(class_counts(spec.dataset.name, spec.dataset.limit)) * (1 - 1 / spec.folds)
    ladder = spec.ladder()
    measured = _measured_seconds_per_fold_epoch(spec, earlier)
    training = measured or _listed(SECONDS_PER_EXAMPLE, spec.model, side) * examples
    busy = ladder.epochs * spec.folds * training + ladder.evaluations * spec.folds * SECONDS_PER_SCORE[side]
    finalists = sum(bracket.rungs[-1].trials for bracket in ladder)
    return Plan(
        spec,
        Estimate(
            seconds=START_SECONDS + busy / workers,
            disk_bytes=finalists * spec.folds * _listed(BYTES_PER_FOLD, spec.model, side)
            + ladder.evaluations * 60_000
            + 1e6,
            basis="earlier sweeps in this home" if measured else "figures measured on another machine",
        ),
        workers,
    )


def _listed(figures: Mapping[tuple[str, int], float], model: str, side: int) -> float:
    family = "beta_vae" if HYPERPARAMETERS[model].has_likelihood else "infogan"
    return figures.get((model, side), figures[family, side])


def _measured_seconds_per_fold_epoch(spec: SweepSpec, earlier: Iterable[SweepFiles]) -> float | None:
    """Return the median over the evaluations of the same model, dataset and folds, if there are any."""
    seconds: list[float] = []
    for files in earlier:
        with suppress(StorageError):  # an estimate does without a damaged sweep; its own commands name the file
            seconds += _seconds_per_fold_epoch(spec, files)
    return statistics.median(seconds) if seconds else None


def _seconds_per_fold_epoch(spec: SweepSpec, files: SweepFiles) -> Sequence[float]:
    """Return what each evaluation of a sweep took, or nothing if the sweep does not compare."""
    known, wanted = files.read_json(files.spec) or {}, spec.model_dump(mode="json")
    if any(known.get(key) != wanted.get(key) for key in COMPARED):
        return []
    # A sweep that has ended has all its results; counting them takes longer than all else of a plan.
    evaluations = None if files.conclusion.exists() else len(files.evaluations())
    with READING:
        return _trained_seconds(files, spec.folds, evaluations)


@lru_cache(maxsize=256)
def _trained_seconds(files: SweepFiles, folds: int, evaluations: int | None) -> tuple[float, ...]:  # noqa: ARG001  # a key
    """Return what each evaluation of a sweep took for a fold's epoch; results never change, only their number does."""
    return tuple(
        result.train_seconds / (folds * (result.epochs - result.first_epoch + 1))
        for result in files.results()
        if result.state == "scored"
    )
