"""Folds and their statistics, against scikit-learn, the textbook and numbers worked out by hand."""

import hashlib
import math
import struct

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from sweeps.search.cross_validation import assign_folds, fold_mean, folds_sha256, standard_error

LABELS = np.random.default_rng(3).permutation(np.repeat(np.arange(4), [23, 40, 31, 6])).astype(np.int64)


def test_every_class_is_spread_evenly_over_the_folds() -> None:
    folds = assign_folds(LABELS, 5, seed=1)
    assert set(folds.tolist()) == {0, 1, 2, 3, 4}
    for label in range(4):
        counts = np.bincount(folds[label == LABELS], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_the_split_is_scikit_learns() -> None:
    folds = assign_folds(LABELS, 3, seed=2**40 + 5)
    expected = StratifiedKFold(3, shuffle=True, random_state=(2**40 + 5) % 2**32)
    for fold, (_, validation) in enumerate(expected.split(LABELS, LABELS)):
        assert np.flatnonzero(folds == fold).tolist() == validation.tolist()


def test_the_same_seed_splits_the_same_way_and_another_seed_otherwise() -> None:
    first, again, other = (folds_sha256(assign_folds(LABELS, 5, seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_fold_hash_does_not_depend_on_the_machines_byte_order() -> None:
    expected = hashlib.sha256(struct.pack("<4q", 0, 1, 2, 1)).hexdigest()
    for order in "<>":
        assert folds_sha256(np.array([0, 1, 2, 1], dtype=f"{order}i8")) == expected


def test_more_folds_than_examples_of_the_rarest_class_are_refused() -> None:
    with pytest.raises(ValueError, match="must hold, but got folds=7, examples=6"):
        assign_folds(LABELS, 7, seed=0)


def test_the_mean_does_not_depend_on_the_order_of_the_folds() -> None:
    scores = [1e16, 1.0, -1e16, 1.0]
    assert fold_mean(scores) == fold_mean(sorted(scores)) == 0.5


def test_the_standard_error_is_nadeau_and_bengios() -> None:
    """Scores 1, 2, 3, 4: variance 5/3; times 1/4 + 1/3 = 7/12 gives 35/36."""
    assert standard_error([1.0, 2.0, 3.0, 4.0]) == pytest.approx(math.sqrt(35 / 36), rel=1e-14)


def test_ten_folds_have_a_wider_error_than_independent_scores_would() -> None:
    scores = np.random.default_rng(0).normal(size=10)
    naive = float(scores.std(ddof=1) / math.sqrt(10))
    assert standard_error(scores.tolist()) == pytest.approx(naive * math.sqrt(1 + 10 / 9), rel=1e-12)


def test_one_fold_says_nothing_about_its_error() -> None:
    assert standard_error([3.0]) == math.inf
