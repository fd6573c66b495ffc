"""One bracket under outcomes in any order: promotions, what waits, what is left, and one ending a trial."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.search.halving import Ending, Halving, Outcome
from sweeps.search.ladder import build_ladder

BRACKET = build_ladder(9, 3).brackets[0]
"""Trials 0 to 8 at 1 epoch, three of them at 3, one at 9."""


def outcomes_of_all() -> list[Outcome]:
    """The lower its number, the better a trial; trial 1 diverges at its second rung and trial 4 at its first."""
    first = [Outcome(trial, 0, () if trial == 4 else (float(trial),)) for trial in range(9)]
    return [*first, Outcome(0, 1, (5.0,)), Outcome(1, 1, ()), Outcome(2, 1, (4.0,)), Outcome(2, 2, (1.0,))]


def test_each_trial_ends_when_it_diverges_is_passed_over_or_reaches_the_top() -> None:
    halving = Halving(build_ladder(3, 3).brackets[0])
    diverged, better, worse, top = (
        Outcome(0, 0, ()),
        Outcome(1, 0, (1.0,)),
        Outcome(2, 0, (2.0,)),
        Outcome(1, 1, (1.0,)),
    )
    assert halving.tell(diverged) == [Ending(diverged)]
    assert halving.tell(better) == []
    assert halving.tell(worse) == [Ending(worse, place=2)]
    assert halving.tell(top) == [Ending(top)]
    assert [ending.at_top for ending in (Ending(diverged), Ending(worse, place=2), Ending(top))] == [False, False, True]
    assert halving.complete


@given(st.randoms(use_true_random=False))
def test_whatever_the_order_of_outcomes_every_trial_ends_once_and_in_the_same_way(rng: random.Random) -> None:
    halving, outcomes = Halving(BRACKET), outcomes_of_all()
    endings = [ending for outcome in rng.sample(outcomes, len(outcomes)) for ending in halving.tell(outcome)]
    told = {(ending.last.trial, ending.last.rung, ending.place) for ending in endings}
    assert told == {
        (4, 0, None),
        (3, 0, 4),
        (5, 0, 5),
        (6, 0, 6),
        (7, 0, 7),
        (8, 0, 8),
        (0, 1, 2),
        (1, 1, None),
        (2, 2, None),
    }
    assert len(endings) == 9
    assert list(map(list, halving.entrants)) == [list(range(9)), [0, 1, 2], [2]]
    assert halving.outcomes == outcomes
    assert halving.complete


def test_an_outcome_that_is_told_again_ends_nothing_again() -> None:
    halving = Halving(BRACKET)
    assert halving.tell(Outcome(0, 0, ())) == [Ending(Outcome(0, 0, ()))]
    assert halving.tell(Outcome(0, 0, ())) == []
    with pytest.raises(ValueError, match="trial 0 at rung 0 was told two"):
        halving.tell(Outcome(0, 0, (1.0,)))
    assert halving.ranked[0] == []


def test_scored_outcomes_are_ranked_with_ties_by_trial() -> None:
    halving = Halving(BRACKET)
    for trial, score in ((3, 2.0), (1, 2.0), (5, float("inf")), (0, 7.0)):
        halving.tell(Outcome(trial, 0, (score,)))
    halving.tell(Outcome(2, 0, ()))
    assert halving.ranked[0] == [(2.0, 1), (2.0, 3), (7.0, 0), (float("inf"), 5)]


def test_an_outcome_of_a_trial_that_did_not_enter_its_rung_promotes_nobody() -> None:
    """Trial 8 has an outcome at the second rung from who knows where, and a splendid one."""
    halving = Halving(BRACKET)
    for outcome in [Outcome(8, 1, (0.0,)), *outcomes_of_all()]:
        halving.tell(outcome)
    assert halving.entrants[1:] == [[0, 1, 2], [2]]
    assert halving.complete


def test_what_waits_is_taken_in_order_and_may_be_put_back_once() -> None:
    halving = Halving(BRACKET)
    assert [halving.take(), halving.take()] == [0, 1]
    halving.tell(Outcome(2, 0, (1.0,)))
    halving.put_back(1)
    halving.put_back(1)
    assert [halving.take() for _ in range(8)] == [1, 3, 4, 5, 6, 7, 8, None]


def test_what_is_left_of_a_rung_is_the_plan_until_its_entrants_are_known() -> None:
    halving = Halving(BRACKET)
    assert [halving.left(rung) for rung in range(3)] == [9, 3, 1]
    halving.tell(Outcome(0, 0, (1.0,)))
    halving.tell(Outcome(0, 1, (1.0,)))
    assert [halving.left(rung) for rung in range(3)] == [8, 2, 1]
    for trial in range(1, 9):
        halving.tell(Outcome(trial, 0, (2.0,) if trial == 1 else ()))
    assert [halving.left(rung) for rung in range(3)] == [0, 1, 1]
    halving.tell(Outcome(1, 1, ()))
    assert [halving.left(rung) for rung in range(3)] == [0, 0, 1]


def test_a_bracket_without_a_score_is_complete_at_its_first_barrier() -> None:
    halving = Halving(BRACKET)
    for trial in BRACKET.trials:
        assert not halving.complete
        halving.tell(Outcome(trial, 0, ()))
    assert halving.complete
    assert [halving.left(rung) for rung in range(3)] == [0, 0, 0]
