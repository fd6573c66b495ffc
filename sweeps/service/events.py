"""A sweep as a stream of server-sent events: what happened, from wherever a client left off, and how it stands now."""

import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
from anyio.to_thread import run_sync
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from sweeps.service.board import SweepView
from sweeps.service.timeline import Id, Timeline

__all__ = ["stream"]

POLL_SECONDS = 1.0

PING_SECONDS = 15.0

ENDED = {"cancelled", "finished", "failed"}


async def stream(timeline: Timeline, last: Id | None, look: Callable[[], SweepView | None]) -> AsyncIterator[bytes]:
    """Yield events until the sweep has ended: `evaluation` and `promotion` with ids, `champion` and `state` without.

    How a sweep stands is told at the beginning and whenever it has changed, always after what led to it, and without
    an id: so whoever comes back with the last id misses nothing and hears nothing twice.

    Args:
        timeline: What happened.
        last: The last event that the client has; None begins.
        look: Returns how the sweep stands, or None if it is gone.
    """
    told: dict[str, Any] = {}
    pinged, was_over = time.monotonic(), False
    while True:
        view = look()
        for event in await run_sync(timeline.after, last):
            last = event.id
            yield format_sse_event(event=event.kind, data_str=json.dumps(event.data), id=str(event.id))
        for kind, data in _standing(view).items():
            if told.get(kind) != data:
                told[kind] = data
                yield format_sse_event(event=kind, data_str=json.dumps(data))
        is_over = view is None or view.state in ENDED
        if is_over and was_over:  # looked once more, for what had only just been written
            return
        was_over = is_over
        if time.monotonic() - pinged >= PING_SECONDS:
            pinged = time.monotonic()
            yield KEEPALIVE_COMMENT
        await anyio.sleep(POLL_SECONDS)


def _standing(view: SweepView | None) -> dict[str, Any]:
    if view is None:
        return {}
    names = ("state", "wish", "priority", "why", "evaluations", "planned", "attempts")
    standing = {"state": {name: getattr(view, name) for name in names}}
    return standing if view.champion is None else {"champion": view.champion, **standing}
