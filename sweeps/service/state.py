"""What state a sweep is in, and which wishes make sense in it: pure functions of facts, to be asked at any time."""

from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

__all__ = ["MOST_FRUITLESS", "Facts", "State", "Wish", "has_process", "is_settled", "refusal", "state_of", "wishes_in"]

Wish = Literal["run", "pause", "cancel"]

State = Literal["queued", "running", "pausing", "paused", "cancelling", "cancelled", "finished", "failed"]

MOST_FRUITLESS = 3
"""Attempts without a new result after which a sweep is given up, unless set otherwise."""

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


def state_of(facts: Facts, most_fruitless: int = MOST_FRUITLESS) -> State:
    """Return the state that follows from facts; an end that was reached outweighs every wish.

    Args:
        facts: What is known.
        most_fruitless: Attempts without a new result after which it is given up, until it is wished anew that it run.
    """
    if facts.conclusion:
        return facts.conclusion
    if facts.is_running:
        return WHILE_RUNNING[facts.wish]
    if facts.wish == "run" and facts.fruitless >= most_fruitless:
        return "failed"
    return AT_REST[facts.wish]


def has_process(state: State) -> bool:
    """Tell whether a process runs a sweep, be it on its way to end."""
    return state in WHILE_RUNNING.values()


def is_settled(state: State) -> bool:
    """Tell whether a state lasts until someone wishes otherwise."""
    return state in ("paused", "cancelled", "finished", "failed")


def wishes_in(state: State) -> tuple[Wish, ...]:
    """Return what may be wished of a sweep in a state, and would change something."""
    match state:
        case "queued" | "running":
            return ("pause", "cancel")
        case "pausing" | "paused":
            return ("run", "cancel")
        case "cancelling" | "cancelled" | "failed":
            return ("run",)
        case "finished":
            return ()


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
