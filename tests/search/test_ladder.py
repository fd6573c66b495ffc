"""Hyperband's brackets against the paper's table and an independent formula."""

import math
from fractions import Fraction

import pytest

from sweeps.search.ladder import Ladder, build_ladder, integer_log, nearest_power

Table = list[list[tuple[int, int]]]


def table(ladder: Ladder) -> Table:
    return [[(rung.trials, rung.epochs) for rung in bracket.rungs] for bracket in ladder]


def by_algorithm_1(max_epochs: int, eta: int) -> Table:
    """Return (n_i, r_i) as Algorithm 1 of Li et al. 2018 says, in exact fractions, s_max by counting powers."""
    s_max = sum(1 for power in range(1, 64) if eta**power <= max_epochs)
    budget = (s_max + 1) * max_epochs
    rows = []
    for s in range(s_max, -1, -1):
        n = math.ceil(Fraction(budget, max_epochs) * Fraction(eta**s, s + 1))
        r = Fraction(max_epochs, eta**s)
        rows.append([(math.floor(n * Fraction(1, eta**i)), int(r * eta**i)) for i in range(s + 1)])
    return rows


def test_81_epochs_and_eta_3_are_the_papers_table() -> None:
    """Li et al. 2018, Table 1, with n for s = 3 and s = 1 by their formula: ceil(5·27/4) = 34, ceil(5·3/2) = 8."""
    assert table(build_ladder(81, 3)) == [
        [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
        [(34, 3), (11, 9), (3, 27), (1, 81)],
        [(15, 9), (5, 27), (1, 81)],
        [(8, 27), (2, 81)],
        [(5, 81)],
    ]


@pytest.mark.parametrize(
    ("max_epochs", "eta"),
    [(1, 3), (9, 3), (27, 3), (81, 3), (243, 3), (2187, 3), (2, 2), (16, 2), (512, 2), (4, 4), (64, 4), (1024, 4)],
)
def test_every_ladder_follows_algorithm_1(max_epochs: int, eta: int) -> None:
    assert table(build_ladder(max_epochs, eta)) == by_algorithm_1(max_epochs, eta)


@pytest.mark.parametrize(("value", "base", "log"), [(243, 3, 5), (1, 7, 0), (2**61, 2, 61), (1000, 10, 3), (125, 5, 3)])
def test_logarithms_are_exact_where_floating_point_is_not(value: int, base: int, log: int) -> None:
    assert integer_log(value, base) == log
    assert math.floor(math.log(243, 3)) == 4  # the trap


@pytest.mark.parametrize(
    ("max_epochs", "eta", "iterations", "text"),
    [
        (50, 3, 1, "max_epochs must be a power of eta, but got max_epochs=50, eta=3"),
        (242, 3, 1, "max_epochs must be a power of eta"),
        (9, 1, 1, "`eta >= 2` and `max_epochs >= 1` must hold, but got eta=1"),
        (0, 3, 1, "`eta >= 2` and `max_epochs >= 1` must hold, but got eta=3, max_epochs=0"),
        (9, 3, 0, "`iterations >= 1` must hold, but got iterations=0"),
    ],
)
def test_numbers_that_make_no_ladder_are_refused(max_epochs: int, eta: int, iterations: int, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        build_ladder(max_epochs, eta, iterations)


def test_trials_are_numbered_without_gaps_over_brackets_and_iterations() -> None:
    ladder = build_ladder(9, 3, iterations=2)
    assert [bracket.number for bracket in ladder] == [0, 1, 2, 3, 4, 5]
    assert [number for bracket in ladder for number in bracket.trials] == list(range(ladder.trials))
    assert table(ladder) == 2 * table(build_ladder(9, 3))


def test_counts_of_9_epochs_are_those_worked_out_by_hand() -> None:
    """(9,1)(3,3)(1,9) | (5,3)(1,9) | (3,9): 9+6+6, 15+6 and 27 epochs."""
    ladder = build_ladder(9, 3)
    assert (ladder.trials, ladder.evaluations, ladder.epochs) == (17, 22, 69)


def test_a_trial_belongs_to_one_bracket() -> None:
    ladder = build_ladder(9, 3)
    assert [ladder.bracket_of(trial).number for trial in (0, 8, 9, 13, 14, 16)] == [0, 0, 1, 1, 2, 2]
    with pytest.raises(KeyError, match="17"):
        ladder.bracket_of(17)
    with pytest.raises(KeyError, match="-1"):
        ladder.bracket_of(-1)


def test_a_promoted_trial_trains_only_what_the_rung_below_has_not() -> None:
    first, second, third = build_ladder(9, 3)
    assert [first.epochs_to_train(rung) for rung in range(3)] == [1, 2, 6]
    assert [second.epochs_to_train(rung) for rung in range(2)] == [3, 6]
    assert third.epochs_to_train(0) == 9


def test_a_ladder_holds_the_rungs_of_its_brackets_and_no_others() -> None:
    ladder = build_ladder(9, 3)
    assert [ladder.holds(8, rung) for rung in (-1, 0, 2, 3)] == [False, True, True, False]
    assert [ladder.holds(9, rung) for rung in (1, 2)] == [True, False]
    assert [ladder.holds(trial, 0) for trial in (-1, 16, 17)] == [False, True, False]


@pytest.mark.parametrize("eta", [2, 3, 4, 16])
def test_the_nearest_power_is_that_of_the_smallest_ratio(eta: int) -> None:
    for epochs in range(1, 700):
        ratios = {eta**s: max(Fraction(epochs, eta**s), Fraction(eta**s, epochs)) for s in range(12)}
        assert nearest_power(epochs, eta) == min(ratios, key=lambda power: (ratios[power], power))


def test_the_nearest_powers_of_three_of_usual_lengths() -> None:
    assert [nearest_power(epochs, 3) for epochs in (1, 11, 25, 46, 47, 50, 100, 320)] == [1, 9, 27, 27, 81, 81, 81, 243]
