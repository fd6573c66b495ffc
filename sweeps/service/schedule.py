"""What to start and what to stop: a pure function of how all sweeps stand, to be asked again and again."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sweeps.service.state import has_process
from sweeps.service.view import SweepView

__all__ = ["Action", "decide"]


@dataclass(frozen=True)
class Action:
    """One thing to do: start a sweep, or stop it."""

    kind: Literal["start", "stop"]
    ref: str


def decide(views: Collection[SweepView], max_running: int, *, can_record: bool = True) -> list[Action]:
    """Return what to stop, and what to start in the places that are free: by priority, then age, then name.

    Places that are left go to sweeps that have ended while the record was away: they run again to be recorded. Doing it
    and asking again gives nothing to start; stopping is asked for until the sweep has stopped.

    Args:
        views: All sweeps.
        max_running: How many run at a time.
        can_record: Whether the record is there now.
    """
    stop = [Action("stop", view.ref) for view in views if view.state in ("pausing", "cancelling")]
    free = max_running - sum(has_process(view.state) for view in views)
    queued = [view for view in views if view.state == "queued"]
    behind = [view for view in views if view.is_behind and view.state == "finished" and can_record]
    waiting = [*sorted(queued, key=_turn), *sorted(behind, key=_turn)]
    return stop + [Action("start", view.ref) for view in waiting[: max(0, free)]]


def _turn(view: SweepView) -> tuple[int, int, str]:
    return -view.priority, view.submitted_ms, view.ref
