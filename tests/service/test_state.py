"""A state follows from facts, and whether a wish makes sense from the state."""

from dataclasses import replace
from typing import get_args

import pytest

from sweeps.service.state import Facts, State, Wish, refusal, state_of

WAITS = Facts(wish="run", conclusion=None, is_running=False, evaluations=4, known_at_starts=())


@pytest.mark.parametrize(
    ("wish", "at_rest", "in_motion"),
    [("run", "queued", "running"), ("pause", "paused", "pausing"), ("cancel", "cancelled", "cancelling")],
)
def test_a_state_is_the_wish_as_far_as_it_has_come(wish: Wish, at_rest: State, in_motion: State) -> None:
    facts = replace(WAITS, wish=wish)
    assert state_of(facts) == at_rest
    assert state_of(replace(facts, is_running=True)) == in_motion


@pytest.mark.parametrize("wish", get_args(Wish))
@pytest.mark.parametrize("conclusion", ["finished", "failed"])
def test_an_end_that_was_reached_outweighs_every_wish(wish: Wish, conclusion: State) -> None:
    for is_running in (False, True):
        assert state_of(Facts(wish, conclusion, is_running, 4, (4, 4, 4))) == conclusion  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ((4, 4), "queued"),
        ((4, 4, 4), "failed"),
        ((0, 4, 4, 4), "failed"),
        ((4, 4, 3), "queued"),  # the last attempt brought a result
        ((3, 3, 3), "queued"),  # so did this one
        ((4, 4, 3, 4, 4), "queued"),
    ],
)
def test_a_sweep_is_given_up_after_three_attempts_without_a_result(known: tuple[int, ...], state: State) -> None:
    assert state_of(replace(WAITS, known_at_starts=known)) == state
    assert state_of(replace(WAITS, known_at_starts=known, is_running=True)) == "running"
    assert state_of(replace(WAITS, known_at_starts=known, wish="pause")) == "paused"


@pytest.mark.parametrize(
    ("wish", "state", "has_ended", "makes_sense"),
    [
        ("pause", "running", False, True),
        ("pause", "queued", False, True),
        ("pause", "cancelled", False, False),
        ("pause", "failed", False, False),
        ("run", "cancelled", False, True),
        ("run", "failed", False, True),
        ("cancel", "failed", False, True),
        ("run", "failed", True, False),
        ("run", "finished", True, False),
        ("cancel", "finished", True, False),
    ],
)
def test_a_wish_is_refused_when_nothing_could_come_of_it(
    wish: Wish, state: State, has_ended: bool, makes_sense: bool
) -> None:
    assert (refusal(wish, state, has_ended=has_ended) is None) == makes_sense
