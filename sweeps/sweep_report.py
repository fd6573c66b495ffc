"""How a run of a sweep ended: as a value, as JSON for scripts, and as conclusion.json, from which it is told again.

A finished sweep that is run again has nothing to do if its conclusion is of just the results that are there and the
record holds all of them. Its files are the answer then, and neither data nor Ray nor MLflow is needed.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.conclude import SweepState, champion_json
from sweeps.errors import SweepError
from sweeps.execution.result import EvaluationResult, digest
from sweeps.execution.storage import SweepFiles, write_atomically
from sweeps.record.completeness import is_complete
from sweeps.record.export import BestConfig, read_best

__all__ = ["SweepReport", "read_finished", "write_conclusion"]


@dataclass(frozen=True)
class SweepReport:
    """How a run of a sweep ended.

    Attributes:
        files: Where everything is.
        state: `finished`, `failed` (no trial has a score at the top rung) or `interrupted`.
        results: Every evaluation that has a result, by trial and rung.
        restored: How many of them were found from earlier runs.
        folds: Folds of each.
        seconds: How long this run took.
        best: The contents of best.yaml; None unless finished.
        why: Why it is not finished, or empty.
        trouble: Why the record is behind, or empty.
    """

    files: SweepFiles
    state: SweepState
    results: Sequence[EvaluationResult]
    restored: int
    folds: int
    seconds: float
    best: BestConfig | None = None
    why: str = ""
    trouble: str = ""

    @property
    def sweep_id(self) -> str:
        """The sweep."""
        return self.files.sweep_id

    @property
    def trials(self) -> int:
        """Configurations that were drawn."""
        return len({result.trial for result in self.results})

    @property
    def evaluations(self) -> int:
        """Evaluations that have a result."""
        return len(self.results)

    @property
    def computed(self) -> int:
        """Those of them that this run computed."""
        return len(self.results) - self.restored

    @property
    def fold_epochs(self) -> int:
        """Epochs of training that the results took, over all folds."""
        return sum(self.folds * (result.epochs - result.first_epoch + 1) for result in self.results if result.curves)

    @property
    def figures(self) -> list[Path]:
        """The pictures that were drawn."""
        return sorted(self.files.figures.glob("*.png")) if self.best else []

    def as_json(self) -> dict[str, Any]:
        """Return the report for scripts."""
        names = ("sweep_id", "state", "trials", "evaluations", "computed", "restored", "fold_epochs", "seconds")
        shown: dict[str, Any] = {name: getattr(self, name) for name in names}
        shown["champion"] = champion_json(self.best) if self.best else None
        shown |= {"why": self.why, "record_trouble": self.trouble, "folder": str(self.files.root)}
        return shown


def write_conclusion(report: SweepReport) -> None:
    """Write conclusion.json, with the outcomes that it was drawn from and why the record is behind, if it is.

    Raises:
        StorageError: The disk is full, or the place cannot be written.
    """
    told = {
        "state": report.state,
        "why": report.why,
        "champion": champion_json(report.best) if report.best else None,
        "outcomes_sha256": _outcomes_sha256(report.results),
        "record_trouble": report.trouble,
    }
    write_atomically(report.files.conclusion, json.dumps(told, allow_nan=False).encode())


def read_finished(
    files: SweepFiles, folds: int, tracking_uri: str, experiment: str, *, begun: float
) -> SweepReport | None:
    """Return the report of a sweep that has finished and is recorded, or None if anything of it is still to be done.

    Args:
        files: Where the sweep is.
        folds: Folds of each evaluation.
        tracking_uri: Where the record is.
        experiment: The sweep's name in it.
        begun: When this run began, on the monotonic clock.

    Raises:
        StorageError: A result or the conclusion is damaged.
    """
    conclusion = files.read_json(files.conclusion) or {}
    if conclusion.get("state") != "finished":
        return None
    results = list(files.results())
    rungs = {result.trial: result.rung for result in results}
    best = _recorded_best(files, tracking_uri)
    whole = (
        best is not None
        and champion_json(best) == conclusion.get("champion")
        and _outcomes_sha256(results) == conclusion.get("outcomes_sha256")
        and files.figures.is_dir()
        and is_complete(tracking_uri, experiment, rungs)
    )
    seconds = time.monotonic() - begun
    return SweepReport(files, "finished", results, len(results), folds, seconds, best) if whole else None


def _recorded_best(files: SweepFiles, tracking_uri: str) -> BestConfig | None:
    """Return best.yaml if it is sound and its champion is recorded where the record is now."""
    try:
        best = read_best(files.best)
    except SweepError:
        return None
    known = best.provenance.mlflow_run_id is not None and best.provenance.mlflow_tracking_uri == tracking_uri
    return best if known else None


def _outcomes_sha256(results: Sequence[EvaluationResult]) -> str:
    """Return the hash of all that a conclusion follows from: the objective of each fold, by trial and rung."""
    return digest({"outcomes": [[result.trial, result.rung, result.folds] for result in results]})
