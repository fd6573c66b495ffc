"""The page of one sweep: rungs that fill, who leads, what is drawn, samples and log."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from sweeps.service.auth import Reader
from sweeps.service.desk import DeskOfApp, Ref
from sweeps.service.pages.render import page
from sweeps.service.pages.sweep_told import PER_PAGE, tell_sweep

__all__ = ["router"]

router = APIRouter(prefix="/sweeps/{ref}", include_in_schema=False)


class LeaderboardQuery(BaseModel):
    """Which part of a long leaderboard."""

    model_config = ConfigDict(frozen=True)

    page: int = Field(1, ge=1, le=10**6)


@router.get("")
def show(
    request: Request, ref: Ref, query: Annotated[LeaderboardQuery, Query()], desk: DeskOfApp, token: Reader
) -> Response:
    """Show a sweep; within the page, what changes of it while it goes on."""
    template = "_sweep.html" if "hx-request" in request.headers else "sweep.html"
    places = range((query.page - 1) * PER_PAGE, query.page * PER_PAGE)
    return page(request, template, {"told": tell_sweep(desk, ref, token, places), "page": query.page})
