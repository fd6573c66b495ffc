"""What one evaluation becomes in MLflow: names, steps and times of its points, its parameters and its tags.

Pure: `recorder.py` writes what is said here, `dashboard.py` draws it, and nothing else invents a name. No metric ever
has two points with one step, and every time stems from the result, so that writing twice is the same as writing once.
"""

import math
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sweeps.execution.result import EvaluationResult
from sweeps.search.cross_validation import fold_mean, standard_error

__all__ = [
    "Point",
    "evaluation_points",
    "evaluation_tags",
    "log10_name",
    "parameters",
    "run_name",
]


class Point(NamedTuple):
    """One point of a metric; `timestamp` in milliseconds since 1970."""

    key: str
    value: float
    step: int
    timestamp: int


def evaluation_points(result: EvaluationResult, objective: str) -> list[Point]:
    """Return every finite point of an evaluation.

    Curves (`loss/L`, `train/…`) are means over the folds with step = epoch; `val/…`, `cv/…` and `seconds/…` have step =
    epochs trained; `cv_folds/<objective>_rung<rung>` has step = fold, and the rung in its name because its steps come
    again at every rung.
    """
    points = [*_curve_points(result), *_rung_points(result, objective), *_fold_points(result, objective)]
    return [point for point in points if math.isfinite(point.value)]


def evaluation_tags(result: EvaluationResult) -> dict[str, str]:
    """Return the tags that say how far a trial has come; `sweep.rung` vouches for everything up to that rung."""
    tags = {"sweep.state": result.status, "sweep.epochs": str(result.epochs), "sweep.rung": str(result.rung)}
    return {"sweep.reason": result.reason, **tags} if result.reason else tags


def parameters(hyperparameters: Mapping[str, Any], log_scaled: Collection[str]) -> dict[str, str]:
    """Return a configuration as MLflow's parameters.

    Those searched on a log scale come a second time as `log10_<name>`, because MLflow's charts have no such axis.
    """
    logarithms = {
        log10_name(name): f"{math.log10(hyperparameters[name]):.6g}"
        for name in log_scaled
        if hyperparameters.get(name, 0) > 0
    }
    return {name: str(value) for name, value in hyperparameters.items()} | logarithms


def log10_name(name: str) -> str:
    """Return the name of the parameter that holds the decimal logarithm of another."""
    return f"log10_{name}"


def run_name(trial: int) -> str:
    """Return a trial's name in MLflow, which sorts as the trials do."""
    return f"trial-{trial:03d}"


def _curve_points(result: EvaluationResult) -> list[Point]:
    return [
        Point(key, fold_mean(values), result.first_epoch + index, timestamp)
        for key, folds in result.curves.items()
        for index, (timestamp, *values) in enumerate(zip(result.epoch_times, *folds, strict=False))
        if values
    ]


def _rung_points(result: EvaluationResult, objective: str) -> list[Point]:
    values = {f"val/{measure}": fold_mean(folds) for measure, folds in result.scores.items() if folds}
    values |= {"seconds/train": result.train_seconds, "seconds/score": result.score_seconds}
    if result.folds:
        values |= {f"cv/{objective}": fold_mean(result.folds), f"cv/{objective}_se": standard_error(result.folds)}
    return [Point(key, value, result.epochs, result.ended) for key, value in values.items()]


def _fold_points(result: EvaluationResult, objective: str) -> list[Point]:
    key = f"cv_folds/{objective}_rung{result.rung}"
    return [Point(key, value, fold, result.ended) for fold, value in enumerate(result.folds)]
