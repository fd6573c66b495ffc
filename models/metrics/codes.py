"""How well codes tell classes apart, and how well a discriminator reads back the codes an image was made from.

What a category stands for is decided by a model that never saw a label. It is therefore compared with the classes under
the best one-to-one matching, or by measures that no renaming changes.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CategoryScores", "best_matching", "category_information", "contingency", "r_squared", "score_categories"]

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class CategoryScores:
    """How the categories read off images agree with their classes.

    Attributes:
        accuracy: Share of images whose class is the one matched with their category, in [0, 1].
        identity: Share of images whose class has the number of their category, in [0, 1]: means something only of
            categories that were tied to classes by labels.
        nmi: Mutual information over the arithmetic mean of both entropies, in [0, 1].
        ari: Adjusted Rand index (Hubert & Arabie 1985): 0 in expectation for random categories, at most 1.
    """

    accuracy: float
    identity: float
    nmi: float
    ari: float


def score_categories(categories: Indices, labels: Indices, classes: int) -> CategoryScores:
    """Score categories `(n,)` against labels `(n,)`, both int64 in `range(classes)`."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score  # seconds to import

    table = contingency(categories, labels, classes)
    return CategoryScores(
        accuracy=float(table[np.arange(classes), best_matching(table)].sum() / len(labels)),
        identity=float(table.trace() / len(labels)),
        nmi=float(normalized_mutual_info_score(labels, categories)),
        ari=float(adjusted_rand_score(labels, categories)),
    )


def contingency(categories: Indices, labels: Indices, classes: int) -> Indices:
    """Count how often each category meets each label: `(classes, classes)` of two vectors `(n,)`, categories by row."""
    return np.bincount(categories * classes + labels, minlength=classes * classes).reshape(classes, classes)


def best_matching(table: Indices) -> Indices:
    """Return for each row of a square table its column in the one-to-one matching of the largest sum (Kuhn 1955)."""
    from scipy.optimize import linear_sum_assignment

    columns: Indices = linear_sum_assignment(table, maximize=True)[1]
    return columns


def category_information(log_q: NDArray[np.floating], categories: Indices) -> float:
    """Return H(c) + E log Q(c|x) in nats, which bounds I(c; x) from below (Chen 2016, Eq. 5); at most log K.

    Args:
        log_q: `(n, K)`, log Q(.|x) of generated images.
        categories: `(n,)`, int64, what they were made from; uniform, so that H(c) = log K.
    """
    own = log_q[np.arange(len(categories)), categories].astype(np.float64)
    return math.log(log_q.shape[1]) + float(own.mean())


def r_squared(codes: NDArray[np.floating], predicted: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return 1 - E (c - ĉ)²/Var c of each code, `(width,)` of two `(n, width)`: 1 if exact, 0 for the mean, or less."""
    codes, predicted = codes.astype(np.float64), predicted.astype(np.float64)
    explained: NDArray[np.float64] = 1 - np.square(codes - predicted).mean(axis=0) / codes.var(axis=0)
    return explained
