"""States follow from facts; what is started and stopped follows from states, whoever asks and however often."""

from dataclasses import dataclass, replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.service.state import Action, Facts, State, Wish, decide, refusal, state_of

WAITS = Facts(wish="run", conclusion=None, is_running=False, evaluations=4, known_at_starts=())
RUNNING: list[State] = ["running", "pausing", "cancelling"]


@dataclass(frozen=True)
class Sweep:
    """As much of a sweep as decides."""

    ref: str
    state: State
    priority: int = 0
    submitted_ms: int = 0


sweeps = st.lists(
    st.builds(
        Sweep, st.text("abc", max_size=3), st.sampled_from(get_args(State)), st.integers(-2, 2), st.integers(0, 3)
    ),
    unique_by=lambda sweep: sweep.ref,
    max_size=12,
)


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


def test_what_waits_starts_by_priority_then_age_then_name() -> None:
    waiting = [Sweep("d", "queued", 0, 1), Sweep("c", "queued", 0, 2), Sweep("b", "queued", 0, 1)]
    urgent = Sweep("e", "queued", 9, 3)
    assert [action.ref for action in decide([*waiting, urgent], 3)] == ["e", "b", "d"]


@given(sweeps, st.integers(1, 5))
def test_no_more_run_than_may_and_nothing_starts_that_should_not(known: list[Sweep], most: int) -> None:
    actions = decide(known, most)
    states = {sweep.ref: sweep.state for sweep in known}
    started = [action.ref for action in actions if action.kind == "start"]
    assert len(started) == len(set(started))
    assert not started or len(started) + sum(sweep.state in RUNNING for sweep in known) <= most
    assert all(states[ref] == "queued" for ref in started)
    stopped = {action.ref for action in actions if action.kind == "stop"}
    assert stopped == {sweep.ref for sweep in known if sweep.state in ("pausing", "cancelling")}
    if sum(sweep.state in RUNNING for sweep in known) < most:
        assert started or "queued" not in states.values()


@given(sweeps, st.integers(1, 5), st.randoms())
def test_deciding_is_level_triggered(known: list[Sweep], most: int, random: object) -> None:
    actions = decide(known, most)
    random.shuffle(known)  # type: ignore[attr-defined]
    assert sorted(decide(known, most), key=str) == sorted(actions, key=str)
    started = {action.ref for action in actions if action.kind == "start"}
    after = [replace(sweep, state="running") if sweep.ref in started else sweep for sweep in known]
    assert [action for action in decide(after, most) if action.kind == "start"] == []


def test_stopping_is_asked_for_until_it_has_happened() -> None:
    assert decide([Sweep("a", "pausing")], 1) == [Action("stop", "a")]
    assert decide([Sweep("a", "paused")], 1) == []


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
