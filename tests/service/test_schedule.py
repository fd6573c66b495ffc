"""What is started and stopped follows from how the sweeps stand, whoever asks and however often."""

from dataclasses import replace
from random import Random
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from sweeps.service.schedule import Action, decide
from sweeps.service.state import State
from sweeps.service.view import SweepView

RUNNING: list[State] = ["running", "pausing", "cancelling"]


def sweep(ref: str, state: State, priority: int = 0, submitted_ms: int = 0) -> SweepView:
    """Return a sweep of which only what decides is of interest."""
    return SweepView(
        ref=ref,
        project="default",
        sweep_id=ref,
        name="small",
        model="beta_vae",
        dataset="digits",
        objective="fid",
        state=state,
        wish="run",
        priority=priority,
        why="",
        submitted_ms=submitted_ms,
        submitted_by="ann",
        experiment_id="1",
        evaluations=0,
        planned=6,
        attempts=0,
        champion=None,
    )


sweeps = st.lists(
    st.builds(
        sweep, st.text("abc", max_size=3), st.sampled_from(get_args(State)), st.integers(-2, 2), st.integers(0, 3)
    ),
    unique_by=lambda view: view.ref,
    max_size=12,
)


def test_what_waits_starts_by_priority_then_age_then_name() -> None:
    waiting = [sweep("d", "queued", 0, 1), sweep("c", "queued", 0, 2), sweep("b", "queued", 0, 1)]
    urgent = sweep("e", "queued", 9, 3)
    assert [action.ref for action in decide([*waiting, urgent], 3)] == ["e", "b", "d"]


def test_what_has_ended_unrecorded_runs_again_when_the_record_is_there_and_nothing_waits() -> None:
    behind = [replace(sweep("a", "finished"), is_behind=True), replace(sweep("r", "running"), is_behind=True)]
    waits = sweep("z", "queued")
    assert decide([*behind, waits], 2) == [Action("start", "z")]
    assert decide([*behind, waits], 3) == [Action("start", "z"), Action("start", "a")]
    assert decide([*behind, waits], 3, can_record=False) == [Action("start", "z")]


@given(sweeps, st.integers(1, 5))
def test_no_more_run_than_may_and_nothing_starts_that_should_not(known: list[SweepView], most: int) -> None:
    actions = decide(known, most)
    states = {view.ref: view.state for view in known}
    started = [action.ref for action in actions if action.kind == "start"]
    assert len(started) == len(set(started))
    assert not started or len(started) + sum(view.state in RUNNING for view in known) <= most
    assert all(states[ref] == "queued" for ref in started)
    stopped = {action.ref for action in actions if action.kind == "stop"}
    assert stopped == {view.ref for view in known if view.state in ("pausing", "cancelling")}
    if sum(view.state in RUNNING for view in known) < most:
        assert started or "queued" not in states.values()


@given(sweeps, st.integers(1, 5), st.randoms())
def test_deciding_is_level_triggered(known: list[SweepView], most: int, random: Random) -> None:
    actions = decide(known, most)
    random.shuffle(known)
    assert sorted(decide(known, most), key=str) == sorted(actions, key=str)
    started = {action.ref for action in actions if action.kind == "start"}
    after = [replace(view, state="running") if view.ref in started else view for view in known]
    assert [action for action in decide(after, most) if action.kind == "start"] == []


def test_stopping_is_asked_for_until_it_has_happened() -> None:
    assert decide([sweep("a", "pausing")], 1) == [Action("stop", "a")]
    assert decide([sweep("a", "paused")], 1) == []
