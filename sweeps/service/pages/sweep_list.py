"""The page of all sweeps: how they stand, live, and the buttons that steer them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query, Request, Response
from pydantic import field_validator

from sweeps.errors import StorageError
from sweeps.service.auth import Reader
from sweeps.service.board import SweepView
from sweeps.service.desk import Desk, DeskOfApp
from sweeps.service.pages.render import page
from sweeps.service.paging import take_page
from sweeps.service.routes.sweeps import ListQuery, latest_first
from sweeps.service.state import State, Wish, wishes_in
from sweeps.service.timeline import Event
from sweeps.service.tokens import Token

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

SWEEPS = 25
"""Of one page."""


class Asked(ListQuery):
    """Which sweeps are shown; a form sends what is left open as an empty text."""

    @field_validator("*", mode="before")
    @classmethod
    def _open(cls, given: object) -> object:
        return None if given == "" else given

    @property
    def is_open(self) -> bool:
        """Whether all sweeps are asked for."""
        return not any((self.state, self.name, self.model, self.project))


@dataclass(frozen=True)
class Best:
    """The least objective of a sweep, or of those of its trials that have come farthest.

    Attributes:
        mean: Over the folds.
        standard_error: Of the mean.
        epochs: How far the trial was trained; None if it is the champion.
    """

    mean: float
    standard_error: float | None
    epochs: int | None = None


@dataclass(frozen=True)
class Row:
    """One sweep of the list.

    Attributes:
        sweep: How it stands.
        best: The best that it has found, if it has found something.
        wishes: What may be wished of it.
    """

    sweep: SweepView
    best: Best | None
    wishes: tuple[Wish, ...]


@router.get("/")
def sweeps(request: Request, query: Annotated[Asked, Query()], desk: DeskOfApp, token: Reader) -> Response:
    """Show the sweeps that a token sees, the latest first; within the page, their table alone."""
    told = _told(query, desk, token)
    return page(request, "_sweeps.html" if "hx-request" in request.headers else "sweeps.html", told)


def _told(query: Asked, desk: Desk, token: Token) -> dict[str, Any]:
    views = desk.views(token)
    shown, following = take_page(filter(query.admits, views), key=latest_first, cursor=query.cursor, limit=SWEEPS)
    return {
        "rows": [Row(view, _best(view, desk), wishes_in(view.state)) for view in shown],
        "next": following,
        "asked": query,
        "there_are_some": bool(views),
        "states": get_args(State),
        "models": sorted({view.model for view in views}),
        "projects": sorted({view.project for view in views}),
    }


def _best(view: SweepView, desk: Desk) -> Best | None:
    if view.champion is not None:
        return Best(view.champion["mean"], view.champion["standard_error"])
    if not view.evaluations:
        return None
    try:
        return best_of(desk.timelines.of(desk.board.files(view.ref)).after(None))
    except StorageError:  # the page of the sweep names the file; the others are to be seen all the same
        return None


def best_of(events: Iterable[Event]) -> Best | None:
    """Return the best evaluation among those that were trained for longest, or None if none was scored."""
    scored = [event.data for event in events if event.kind == "evaluation" and event.data["mean"] is not None]
    if not scored:
        return None
    best = min(scored, key=lambda each: (-each["epochs"], each["mean"]))
    return Best(best["mean"], best["standard_error"], best["epochs"])
