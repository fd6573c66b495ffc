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


def decide(views: Collection[SweepView], max_running: int) -> list[Action]:
    """Return what to stop, and what to start in the places that are free: by priority, then age, then name.

    Doing it and asking again gives nothing to start; stopping is asked for until the sweep has stopped.
    """
    stop = [Action("stop", view.ref) for view in views if view.state in ("pausing", "cancelling")]
    free = max_running - sum(has_process(view.state) for view in views)
    queued = [view for view in views if view.state == "queued"]
    queued.sort(key=lambda view: (-view.priority, view.submitted_ms, view.ref))
    return stop + [Action("start", view.ref) for view in queued[: max(0, free)]]
