"""The log of a sweep, read or followed."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from sweeps.service.auth import Reader
from sweeps.service.desk import DeskOfApp, Ref
from sweeps.service.logs import follow, latest_log, tail

__all__ = ["router"]

router = APIRouter(prefix="/sweeps/{ref}", tags=["results"])

TEXT = "text/plain; charset=utf-8"

RESTING = {"paused", "cancelled", "finished", "failed"}


class LogQuery(BaseModel):
    """How much of a log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lines: int = Field(100, ge=1, le=10_000, description="The last so many.")
    follow: bool = Field(False, description="Go on with what is added, until the sweep rests.")


@router.get(
    "/logs", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
)
def logs(ref: Ref, query: Annotated[LogQuery, Query()], desk: DeskOfApp, token: Reader) -> Response:
    """Return what the sweep's process said last."""
    view, files = desk.view(ref, token), desk.files(ref, token)
    if not query.follow:
        return Response(tail(latest_log(files), query.lines)[0], media_type=TEXT)

    def is_active() -> bool:
        latest = desk.board.lately(view.ref)
        return latest is not None and latest.state not in RESTING

    return StreamingResponse(follow(files, query.lines, is_active), media_type=TEXT)
