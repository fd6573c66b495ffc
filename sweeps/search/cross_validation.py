"""Folds, and what their scores say: mean, standard error, paired difference."""

import hashlib
import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["assign_folds", "fold_mean", "folds_sha256", "standard_error"]


def assign_folds(labels: "npt.NDArray[np.int64]", folds: int, seed: int) -> "npt.NDArray[np.int64]":
    """Return the fold, from 0, in which each example is validated: stratified by label, shuffled by the seed.

    Raises:
        ValueError: Some class has fewer examples than there are folds.
    """
    import numpy as np  # with scikit-learn over a second to import, and plans do without
    from sklearn.model_selection import StratifiedKFold

    rarest = int(np.unique(labels, return_counts=True)[1].min())
    if folds > rarest:
        raise ValueError(f"`folds <= examples of the rarest class` must hold, but got folds={folds}, examples={rarest}")
    assignment = np.empty(len(labels), dtype=np.int64)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed % 2**32)
    for fold, (_, validation) in enumerate(splitter.split(labels, labels)):
        assignment[validation] = fold
    return assignment


def folds_sha256(assignment: "npt.NDArray[np.int64]") -> str:
    """Return the hash by which a fold assignment is known; equal splits have equal hashes on every machine."""
    return hashlib.sha256(assignment.astype("<i8").tobytes()).hexdigest()


def fold_mean(scores: Sequence[float]) -> float:
    """Return the mean over folds, the same in whatever order they are summed."""
    return math.fsum(scores) / len(scores)


def standard_error(scores: Sequence[float]) -> float:
    """Return the standard error of a k-fold mean: sqrt(s² · (1/k + 1/(k - 1))).

    The folds' training parts overlap, so their scores are not independent; the second term is the ratio of validation
    to training examples (Nadeau and Bengio 2003, "Inference for the generalization error", Eq. 11). Infinite for one
    fold.
    """
    k = len(scores)
    if k < 2:
        return math.inf
    return math.sqrt(statistics.variance(scores) * (1 / k + 1 / (k - 1)))
