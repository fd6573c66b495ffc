"""The events of a sweep, followed live."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from sweeps.service.auth import Reader
from sweeps.service.desk import DeskOfApp, Ref
from sweeps.service.events import stream
from sweeps.service.timeline import parse_id

__all__ = ["router"]

router = APIRouter(prefix="/sweeps/{ref}", tags=["results"])

EXAMPLE = """event: evaluation
data: {"trial": 4, "bracket": 1, "rung": 1, "epochs": 9, "state": "scored", "mean": 0.71, "standard_error": 0.04}
id: 1700000000000000000-4-1-0

"""

EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["evaluation", "promotion", "champion", "state"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "id": {"type": "string"},
    },
}

CONTENT: dict[str, Any] = {"text/event-stream": {"schema": EVENT, "example": EXAMPLE}}


@router.get("/events", response_class=StreamingResponse, responses={200: {"content": CONTENT}})
def events(
    ref: Ref, desk: DeskOfApp, token: Reader, last_event_id: Annotated[str | None, Header()] = None
) -> StreamingResponse:
    """Follow a sweep: `evaluation`, `promotion`, `champion` and `state`, until it has ended.

    Whoever comes back with `Last-Event-ID` hears the evaluations and promotions that came since.
    """
    view, files = desk.view(ref, token), desk.files(ref, token)
    last = parse_id(last_event_id) if last_event_id else None
    timeline = desk.timelines.of(files)
    timeline.after(last)  # while a damaged file can still be answered with a problem
    look = partial(desk.board.lately, view.ref)
    return StreamingResponse(stream(timeline, last, look), media_type="text/event-stream")
