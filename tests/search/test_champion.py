"""Who wins, and which plainer finalist is as good within one standard error."""

import math

import pytest

from search_spaces.domains import Choice, IntegerRange, LogUniform, Uniform, Value
from search_spaces.space import Condition, Dimension, SearchSpace
from sweeps.search.champion import Finalist, departure_from_neutral, select_champion

SPACE = SearchSpace((Dimension("beta", LogUniform(0.1, 10)), Dimension("lr", LogUniform(1e-4, 1e-2))))
NEUTRAL = {"beta": 1.0}


def finalist(trial: int, mean: float, beta: float, spread: float = 0.1) -> Finalist:
    return Finalist(trial, {"beta": beta, "lr": 1e-3}, (mean - spread, mean, mean + spread))


def test_the_lowest_mean_wins() -> None:
    verdict = select_champion([finalist(3, 2.0, 1.0), finalist(5, 1.0, 9.0), finalist(7, 3.0, 1.0)], SPACE, NEUTRAL)
    assert verdict is not None
    assert verdict.champion.trial == 5


def test_of_equal_means_the_lower_trial_wins_in_whatever_order_they_come() -> None:
    finalists = [finalist(9, 1.0, 2.0), finalist(4, 1.0, 3.0), finalist(6, 1.0, 4.0)]
    verdicts = [select_champion(order, SPACE, NEUTRAL) for order in (finalists, finalists[::-1])]
    assert [verdict and verdict.champion.trial for verdict in verdicts] == [4, 4]


def test_nobody_wins_when_nobody_reached_the_top() -> None:
    assert select_champion([], SPACE, NEUTRAL) is None


def test_means_and_errors_are_worked_out_by_hand() -> None:
    """Scores 1, 2, 3, 4: mean 5/2, variance 5/3, times (1/4 + 1/3) = 35/36."""
    winner = Finalist(0, {"beta": 1.0, "lr": 1e-3}, (1.0, 2.0, 3.0, 4.0))
    assert winner.mean == 2.5
    assert winner.standard_error == pytest.approx(math.sqrt(35 / 36), rel=1e-14)


def test_the_plainest_is_nearest_to_neutral_within_one_standard_error() -> None:
    """Spread 0.1 over three folds: variance 0.01, times (1/3 + 1/2), root 0.0913."""
    champion, near, plain = finalist(0, 1.0, 8.0), finalist(1, 1.09, 2.0), finalist(2, 1.092, 1.0)
    assert champion.standard_error == pytest.approx(0.09128709)
    verdict = select_champion([champion, near, plain], SPACE, NEUTRAL)
    assert verdict is not None
    assert (verdict.champion.trial, verdict.plainest.trial) == (0, 1)


def test_the_champion_is_its_own_alternative_when_it_is_the_plainest() -> None:
    verdict = select_champion([finalist(0, 1.0, 1.1), finalist(1, 1.01, 3.0)], SPACE, NEUTRAL)
    assert verdict is not None
    assert verdict.plainest is verdict.champion


def test_equally_plain_finalists_are_ranked_by_mean() -> None:
    verdict = select_champion([finalist(0, 1.0, 9.0), finalist(1, 1.05, 2.0), finalist(2, 1.02, 2.0)], SPACE, NEUTRAL)
    assert verdict is not None
    assert verdict.plainest.trial == 2


def test_departure_is_measured_on_the_scale_a_weight_is_drawn_on() -> None:
    space = SearchSpace(
        (
            Dimension("log", LogUniform(0.01, 100)),
            Dimension("flat", Uniform(0, 4)),
            Dimension("whole", IntegerRange(0, 10)),
            Dimension("kind", Choice(("a", "b"))),
            Dimension("extra", Uniform(0, 1), when=Condition("kind", "b")),
        )
    )
    neutral = {"log": 1.0, "flat": 0.0, "whole": 0.0, "kind": 0.0, "extra": 0.0}
    configuration: dict[str, Value] = {"log": 10.0, "flat": 1.0, "whole": 5, "kind": "a"}
    shares = [1 / 4, 1 / 4, 1 / 2]
    assert departure_from_neutral(configuration, space, neutral) == pytest.approx(sum(shares) / 3)


def test_a_neutral_value_outside_the_domain_counts_as_the_nearer_end() -> None:
    space = SearchSpace((Dimension("beta", LogUniform(0.001, 0.9)),))
    assert departure_from_neutral({"beta": 0.9}, space, {"beta": 1.0}) == 0.0
    assert departure_from_neutral({"beta": 0.001}, space, {"beta": 1.0}) == pytest.approx(1.0)


def test_a_search_without_weights_has_no_departure() -> None:
    assert departure_from_neutral({"beta": 3.0, "lr": 1e-3}, SPACE, {}) == 0.0


def test_a_domain_of_one_value_departs_from_nothing() -> None:
    space = SearchSpace((Dimension("beta", LogUniform(2.0, 2.0)),))
    assert departure_from_neutral({"beta": 2.0}, space, {"beta": 1.0}) == 0.0
