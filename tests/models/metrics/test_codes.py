"""Measures of codes, against every matching there is, scikit-learn's definitions written out, and known channels."""

import math
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import comb

from models.metrics.codes import best_matching, category_information, contingency, r_squared, score_categories

Indices = NDArray[np.int64]


def pairs_of(table: list[list[int]]) -> tuple[Indices, Indices]:
    """Return categories and labels that meet as often as a table says, categories by row."""
    counts = np.array(table)
    categories, labels = np.indices(counts.shape)
    return categories.repeat(counts.ravel()), labels.repeat(counts.ravel())


def entropy(counts: NDArray[np.integer]) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


@pytest.mark.parametrize("seed", range(10))
def test_the_matching_is_the_best_of_all_permutations(seed: int) -> None:
    table = np.random.default_rng(seed).integers(0, 30, size=(5, 5))
    rows = np.arange(5)
    best = max(table[rows, np.array(columns)].sum() for columns in permutations(range(5)))
    assert table[rows, best_matching(table)].sum() == best


def test_a_greedy_matching_would_be_worse() -> None:
    assert best_matching(np.array([[9, 8], [8, 0]])).tolist() == [1, 0]


def test_the_table_counts_categories_by_row_also_those_that_never_occur() -> None:
    table = [[3, 0, 1], [0, 0, 0], [2, 5, 0]]
    assert contingency(*pairs_of(table), classes=3).tolist() == table


def test_renamed_classes_are_recognised_but_not_identical() -> None:
    labels = np.arange(1000) % 10
    scores = score_categories((labels + 3) % 10, labels, 10)
    assert (scores.accuracy, scores.identity) == (1.0, 0.0)
    assert (scores.nmi, scores.ari) == pytest.approx((1.0, 1.0))
    assert score_categories(labels, labels, 10).identity == 1.0


def test_a_single_category_says_nothing() -> None:
    labels = np.arange(1000) % 10
    scores = score_categories(np.full(1000, 4), labels, 10)
    assert (scores.accuracy, scores.identity, scores.nmi, scores.ari) == pytest.approx((0.1, 0.1, 0.0, 0.0))


def test_the_scores_of_a_known_table_are_their_definitions() -> None:
    table = np.array([[40, 3, 7], [2, 10, 28], [8, 30, 2]])
    scores = score_categories(*pairs_of(table.tolist()), classes=3)
    total = table.sum()
    assert scores.accuracy == pytest.approx((40 + 28 + 30) / total)
    assert scores.identity == pytest.approx((40 + 10 + 2) / total)
    of_categories, of_labels = entropy(table.sum(axis=1)), entropy(table.sum(axis=0))
    information = of_categories + of_labels - entropy(table.ravel())
    assert scores.nmi == pytest.approx(information / (0.5 * (of_categories + of_labels)))
    together = comb(table, 2).sum()
    by_row, by_column = comb(table.sum(axis=1), 2).sum(), comb(table.sum(axis=0), 2).sum()
    by_chance = by_row * by_column / comb(total, 2)
    assert scores.ari == pytest.approx((together - by_chance) / (0.5 * (by_row + by_column) - by_chance))


def test_the_information_of_a_symmetric_channel_is_known() -> None:
    """Each value arrives with probability 1-e, and else as any of the others: I = log K - H(e) - e log(K-1)."""
    error, classes = 0.3, 5
    posterior = np.full((classes, classes), error / (classes - 1))
    np.fill_diagonal(posterior, 1 - error)
    made, read = np.indices((classes, classes)).reshape(2, -1)
    counts = np.where(made == read, 1400, 150)  # 2000 images of each category, as often as the channel says
    log_q = np.log(posterior[read]).repeat(counts, axis=0)
    noise = -error * math.log(error) - (1 - error) * math.log(1 - error)
    expected = math.log(classes) - noise - error * math.log(classes - 1)
    assert category_information(log_q, made.repeat(counts)) == pytest.approx(expected)


def test_information_ends_at_log_k_and_falls_below_0_for_wrong_beliefs() -> None:
    categories = np.arange(10)
    assert category_information(np.log(np.eye(10) + 1e-30), categories) == pytest.approx(math.log(10))
    assert category_information(np.full((10, 10), -math.log(10)), categories) == pytest.approx(0.0)
    assert category_information(np.log(np.eye(10) + 1e-3), (categories + 1) % 10) < 0


def test_r_squared_is_of_each_code_alone() -> None:
    codes = np.array([[-1.0, 0.0, 2.0], [1.0, 4.0, 4.0], [3.0, 8.0, 0.0]])
    predicted = np.stack([codes[:, 0], np.full(3, 4.0), -codes[:, 2] + 4], axis=1)
    assert r_squared(codes, predicted) == pytest.approx([1.0, 0.0, -3.0])
