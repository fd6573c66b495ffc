"""The page of one sweep: rungs that fill, who leads, what is drawn, samples and log."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from sweeps.service.auth import Reader
from sweeps.service.desk import Desk, DeskOfApp, Ref
from sweeps.service.pages.render import page
from sweeps.service.pages.sweep_told import PER_PAGE, tell_sweep
from sweeps.service.tokens import Token

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
    """Show a sweep."""
    return _told(request, "sweep.html", ref, query.page, desk, token)


@router.get("/live")
def live(
    request: Request, ref: Ref, query: Annotated[LeaderboardQuery, Query()], desk: DeskOfApp, token: Reader
) -> Response:
    """Return what changes of the page while the sweep goes on."""
    return _told(request, "_sweep.html", ref, query.page, desk, token)


def _told(request: Request, template: str, ref: str, number: int, desk: Desk, token: Token) -> Response:
    places = range((number - 1) * PER_PAGE, number * PER_PAGE)
    return page(request, template, {"told": tell_sweep(desk, ref, token, places), "page": number})
