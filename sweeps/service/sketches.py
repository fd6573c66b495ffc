"""The results of a sweep as far as pages draw them, each read once: results never change, and there are thousands."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sweeps.execution.result import EvaluationResult, State
from sweeps.execution.storage import SweepFiles
from sweeps.search.cross_validation import fold_mean, standard_error

__all__ = ["Sketch", "Sketches"]

MOST = 8
"""Sweeps whose results are kept in memory; one of a thousand trials takes some five megabytes."""


@dataclass(frozen=True)
class Sketch:
    """One result without what nothing draws.

    Attributes:
        trial: Whose it is.
        bracket: The trial's bracket.
        rung: To which rung the trial was brought.
        epochs: Epochs at that rung.
        state: Whether it was scored.
        reason: Why it was not, or empty.
        folds: The objective of each fold; empty unless scored.
        hyperparameters: The whole configuration.
        curves: Each term by the epochs since the rung below, mean over the folds.
    """

    trial: int
    bracket: int
    rung: int
    epochs: int
    state: State
    reason: str
    folds: tuple[float, ...]
    hyperparameters: dict[str, Any]
    curves: dict[str, tuple[float, ...]]

    @classmethod
    def of(cls, result: EvaluationResult) -> "Sketch":
        """Return the sketch of a result."""
        return cls(
            trial=result.trial,
            bracket=result.bracket,
            rung=result.rung,
            epochs=result.epochs,
            state=result.state,
            reason=result.reason,
            folds=tuple(result.folds),
            hyperparameters=result.hyperparameters,
            curves={term: tuple(map(fold_mean, zip(*folds, strict=True))) for term, folds in result.curves.items()},
        )

    @property
    def mean(self) -> float | None:
        """Mean of the objective over the folds; None if it was not scored."""
        return fold_mean(self.folds) if self.folds else None

    @property
    def standard_error(self) -> float | None:
        """Nadeau and Bengio's standard error of that mean; None if it was not scored."""
        return standard_error(self.folds) if self.folds else None


@dataclass
class _Kept:
    """What was read of one sweep."""

    known: dict[tuple[int, int], Sketch] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


@dataclass
class Sketches:
    """The results of the sweeps that were looked at lately; for many threads at once."""

    _kept: OrderedDict[SweepFiles, _Kept] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, files: SweepFiles) -> list[Sketch]:
        """Return every result of a sweep, by trial and rung.

        Raises:
            StorageError: A result is damaged.
        """
        kept = self._keep(files)
        with kept.lock:
            there = files.evaluations()
            for trial, rung in there:
                if (trial, rung) not in kept.known and (result := files.read_result(trial, rung)) is not None:
                    kept.known[trial, rung] = Sketch.of(result)
            return [kept.known[key] for key in there if key in kept.known]

    def _keep(self, files: SweepFiles) -> _Kept:
        with self._lock:
            kept = self._kept.setdefault(files, _Kept())
            self._kept.move_to_end(files)
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
            return kept
