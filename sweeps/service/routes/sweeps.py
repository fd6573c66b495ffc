"""Sweeps: submitted, listed, shown and steered."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from sweeps.service.answers import PlanAnswer, Submitted, SweepAnswer, SweepDetail, SweepPage, sweep_fields
from sweeps.service.auth import Reader, Submitter
from sweeps.service.board import SweepView
from sweeps.service.desk import Desk, DeskOfApp, Ref
from sweeps.service.paging import MOST, take_page
from sweeps.service.refs import PROJECT_PATTERN
from sweeps.service.spec_body import SPEC_BODY, SpecText, read_spec
from sweeps.service.state import State, Wish
from sweeps.service.tokens import Token

__all__ = ["HIGHEST_PRIORITY", "ListQuery", "latest_first", "router", "who"]

router = APIRouter(tags=["sweeps"])

HIGHEST_PRIORITY = 1000

IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[\x21-\x7e]+$",
        max_length=200,
        description="Names this submission: again with the same spec it is the same sweep, with another it is refused.",
    ),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SubmitQuery(_Strict):
    """Where a sweep belongs, and how soon it starts."""

    project: str | None = Field(
        None, pattern=PROJECT_PATTERN, description="The token's only project, else `default`, unless given."
    )
    priority: int = Field(0, ge=-HIGHEST_PRIORITY, le=HIGHEST_PRIORITY, description="The higher, the sooner.")


class ListQuery(_Strict):
    """Which sweeps, and how many at a time."""

    limit: int = Field(50, ge=1, le=MOST)
    cursor: str | None = Field(None, description="`next` of the page before.")
    state: State | None = None
    name: str | None = Field(None, max_length=63, description="How the name begins.")
    model: str | None = Field(None, max_length=63)
    project: str | None = Field(None, pattern=PROJECT_PATTERN)

    def admits(self, view: SweepView) -> bool:
        """Tell whether a sweep is asked for."""
        return (
            self.state in (None, view.state)
            and self.model in (None, view.model)
            and self.project in (None, view.project)
            and view.name.startswith(self.name or "")
        )


class Priority(_Strict):
    """How soon a sweep starts."""

    priority: int = Field(ge=-HIGHEST_PRIORITY, le=HIGHEST_PRIORITY, strict=True)


@router.post("/sweeps", status_code=201, openapi_extra=SPEC_BODY, responses={200: {"model": Submitted}})
def submit(
    text: SpecText,
    query: Annotated[SubmitQuery, Query()],
    response: Response,
    desk: DeskOfApp,
    token: Submitter,
    idempotency_key: IdempotencyKey = None,
) -> Submitted:
    """Submit a sweep: 201 if it is new, 200 if it was there, for the same spec is the same sweep."""
    spec, project = read_spec(text), desk.project(query.project, token)
    plan = desk.plan(spec, project)
    # A key belongs to a token: another's neither collides with it nor is found out by it.
    key = f"{token.id}/{idempotency_key}" if idempotency_key else ""
    view, created = desk.board.submit(spec, project=project, priority=query.priority, by=who(token), key=key)
    answer = Submitted(sweep=SweepAnswer.of(view), plan=PlanAnswer.of(plan))
    response.status_code = 201 if created else 200
    response.headers["Location"] = answer.sweep.links.self
    return answer


@router.get("/sweeps")
def list_sweeps(query: Annotated[ListQuery, Query()], desk: DeskOfApp, token: Reader) -> SweepPage:
    """List sweeps, the latest first."""
    asked = filter(query.admits, desk.views(token))
    page, following = take_page(asked, key=latest_first, cursor=query.cursor, limit=query.limit)
    return SweepPage(sweeps=[SweepAnswer.of(view) for view in page], next=following)


@router.get("/sweeps/{ref}")
def show(ref: Ref, desk: DeskOfApp, token: Reader) -> SweepDetail:
    """Show a sweep with its whole spec."""
    view, files = desk.view(ref, token), desk.files(ref, token)
    return SweepDetail(**sweep_fields(view), spec=files.read_json(files.spec) or {})


@router.post("/sweeps/{ref}/cancel", status_code=202)
def cancel(ref: Ref, desk: DeskOfApp, token: Submitter) -> SweepAnswer:
    """End a sweep early; its record and the best so far stay. A cancelled sweep can be resumed."""
    return _wish(desk, ref, "cancel", token)


@router.post("/sweeps/{ref}/pause", status_code=202)
def pause(ref: Ref, desk: DeskOfApp, token: Submitter) -> SweepAnswer:
    """Stop a sweep for now; nothing that has a result is lost."""
    return _wish(desk, ref, "pause", token)


@router.post("/sweeps/{ref}/resume", status_code=202)
def resume(ref: Ref, desk: DeskOfApp, token: Submitter) -> SweepAnswer:
    """Have a sweep go on where it stopped, with the same bits as if it never had."""
    return _wish(desk, ref, "run", token)


@router.post("/sweeps/{ref}/priority")
def set_priority(ref: Ref, body: Priority, desk: DeskOfApp, token: Submitter) -> SweepAnswer:
    """Change how soon a sweep that waits is started."""
    view = desk.view(ref, token)
    desk.board.set_priority(view.ref, body.priority, who(token))
    return SweepAnswer.of(desk.board.view(view.ref))


def latest_first(view: SweepView) -> tuple[int, str]:
    """Return what a list of sweeps is sorted by."""
    return -view.submitted_ms, view.ref


def who(token: Token) -> str:
    """Return who is written beside a change."""
    return f"{token.name} (token {token.id})"


def _wish(desk: Desk, ref: str, wish: Wish, token: Token) -> SweepAnswer:
    return SweepAnswer.of(desk.board.wish(desk.view(ref, token).ref, wish, who(token)))
