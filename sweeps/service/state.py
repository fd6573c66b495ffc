"""What state a sweep is in and what is to be done about it: pure functions of facts, to be asked at any time."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal, Protocol

__all__ = ["Action", "Facts", "Standing", "State", "Wish", "decide", "is_settled", "refusal", "state_of"]

Wish = Literal["run", "pause", "cancel"]

State = Literal["queued", "running", "pausing", "paused", "cancelling", "cancelled", "finished", "failed"]

MOST_FRUITLESS = 3
"""Attempts without a new result after which a sweep is given up, until someone wishes again that it run."""

WHILE_RUNNING: dict[Wish, State] = {"run": "running", "pause": "pausing", "cancel": "cancelling"}
AT_REST: dict[Wish, State] = {"run": "queued", "pause": "paused", "cancel": "cancelled"}


@dataclass(frozen=True)
class Facts:
    """What is known of a sweep.

    Attributes:
        wish: What should become of it.
        conclusion: `finished` or `failed` if it was carried out to the end, else None.
        is_running: Whether a process runs it.
        evaluations: How many have a result.
        known_at_starts: How many had one at each start since it was last wished that it run.
    """

    wish: Wish
    conclusion: Literal["finished", "failed"] | None
    is_running: bool
    evaluations: int
    known_at_starts: tuple[int, ...]

    @property
    def fruitless(self) -> int:
        """How many of the latest starts have brought nothing."""
        return sum(1 for _ in takewhile(lambda known: known == self.evaluations, reversed(self.known_at_starts)))


class Standing(Protocol):
    """As much of a sweep as decides what to do about it."""

    @property
    def ref(self) -> str:
        """Its name."""

    @property
    def state(self) -> State:
        """What is the case."""

    @property
    def priority(self) -> int:
        """The higher, the sooner it starts."""

    @property
    def submitted_ms(self) -> int:
        """When, in milliseconds since 1970."""


@dataclass(frozen=True)
class Action:
    """One thing to do: start a sweep, or stop it."""

    kind: Literal["start", "stop"]
    ref: str


def state_of(facts: Facts) -> State:
    """Return the state that follows from facts; an end that was reached outweighs every wish."""
    if facts.conclusion:
        return facts.conclusion
    if facts.is_running:
        return WHILE_RUNNING[facts.wish]
    if facts.wish == "run" and facts.fruitless >= MOST_FRUITLESS:
        return "failed"
    return AT_REST[facts.wish]


def is_settled(state: State) -> bool:
    """Tell whether a state lasts until someone wishes otherwise."""
    return state in ("paused", "cancelled", "finished", "failed")


def refusal(wish: Wish, state: State, *, has_ended: bool) -> str | None:
    """Return why a wish makes no sense for a sweep, or None if it does.

    Args:
        wish: What is wished.
        state: How the sweep stands.
        has_ended: Whether it was carried out to the end, so that nothing is left to run.
    """
    if has_ended:
        return f"nothing is left to {wish} of a sweep that has {state}"
    if wish == "pause" and state in ("cancelled", "cancelling", "failed"):
        return "only a sweep that waits or runs can be paused"
    return None


def decide(standings: Iterable[Standing], max_running: int) -> list[Action]:
    """Return what to stop, and what to start in the places that are free: by priority, then age, then name.

    Doing it and asking again gives nothing to start; stopping is asked for until the sweep has stopped.
    """
    known = list(standings)
    stop = [Action("stop", sweep.ref) for sweep in known if sweep.state in ("pausing", "cancelling")]
    free = max_running - sum(sweep.state in WHILE_RUNNING.values() for sweep in known)
    queued = [sweep for sweep in known if sweep.state == "queued"]
    queued.sort(key=lambda sweep: (-sweep.priority, sweep.submitted_ms, sweep.ref))
    return stop + [Action("start", sweep.ref) for sweep in queued[: max(0, free)]]
