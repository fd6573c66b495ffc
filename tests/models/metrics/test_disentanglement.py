"""The mutual information gap, against sums over all cells of small tables and codes whose gap is known."""

import math

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from models.metrics.disentanglement import (
    discretise,
    entropy,
    information_table,
    mutual_information,
    mutual_information_gaps,
)

SIZES = (10, 5, 3)
FACTORS = np.stack(np.unravel_index(np.arange(150).repeat(40), SIZES), axis=1)
"""Every combination of three factors, 40 times."""


@pytest.mark.parametrize("seed", range(5))
def test_mutual_information_is_the_sum_over_all_cells(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 4, size=300)
    second = (first + rng.integers(0, 3, size=300)) % 6
    brute = 0.0
    for a in range(4):
        for b in range(6):
            both, alone = np.mean((first == a) & (second == b)), np.mean(first == a) * np.mean(second == b)
            brute += both * math.log(both / alone) if both else 0.0
    assert mutual_information(first, second) == pytest.approx(brute)
    assert mutual_information(first, second) == pytest.approx(mutual_info_score(first, second))


def test_a_uniform_factor_has_the_entropy_of_its_values() -> None:
    assert [entropy(factor) for factor in FACTORS.T] == pytest.approx(np.log(SIZES))


def test_the_table_has_codes_by_row_and_factors_by_column() -> None:
    table = information_table(FACTORS[:, [2, 0]], FACTORS)
    assert table == pytest.approx(np.array([[0, 0, math.log(3)], [math.log(10), 0, 0]]), abs=1e-12)


def test_bins_are_of_equal_widths_and_a_constant_code_has_one() -> None:
    codes = np.stack([np.linspace(-3, 5, 9), np.full(9, 7.0)], axis=1)
    assert discretise(codes, bins=4).T.tolist() == [[0, 0, 1, 1, 2, 2, 3, 3, 3], [0] * 9]


def test_a_factor_to_each_code_is_a_gap_of_one() -> None:
    codes = FACTORS.astype(np.float32) * [1.0, -2.0, 0.5] + [0.0, 3.0, 100.0]
    assert mutual_information_gaps(codes, FACTORS) == pytest.approx([1.0, 1.0, 1.0])


def test_factors_that_stand_in_two_codes_each_have_no_gap() -> None:
    codes = np.concatenate([FACTORS, -FACTORS], axis=1).astype(np.float32)
    assert mutual_information_gaps(codes, FACTORS) == pytest.approx([0.0, 0.0, 0.0])


def test_codes_that_mix_all_factors_have_no_gap() -> None:
    """Sums of two uniform factors modulo their number tell nothing of either."""
    first, second = np.divmod(np.arange(25).repeat(4), 5)
    codes = np.stack([(first + second) % 5, (first + 2 * second) % 5], axis=1).astype(np.float32)
    assert mutual_information_gaps(codes, np.stack([first, second], axis=1)) == pytest.approx([0.0, 0.0])


def test_independent_codes_have_no_gap_but_for_what_counting_overstates() -> None:
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 5, size=(10_000, 2))
    codes = rng.uniform(size=(10_000, 3))
    assert information_table(discretise(codes), factors).mean() == pytest.approx(19 * 4 / 2 / 10_000, rel=0.3)
    assert (mutual_information_gaps(codes, factors) < 0.002).all()


def test_the_gap_is_to_the_second_best_code_as_a_share_of_the_entropy() -> None:
    """A code that tells one bit of a factor of two bits, beside one that tells all of it."""
    factor = np.arange(400) % 4
    codes = np.stack([factor, factor // 2, np.zeros(400)], axis=1).astype(np.float32)
    assert mutual_information_gaps(codes, factor[:, None]) == pytest.approx([0.5])
