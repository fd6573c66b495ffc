"""Signing in and out: a token, or the code of a link, is exchanged for a session's cookie."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from sweeps.service.auth import MAY_READ
from sweeps.service.links import MINUTES, Links
from sweeps.service.pages.render import page
from sweeps.service.problems import ForbiddenError
from sweeps.service.sessions import Sessions, comes_from_own_page, set_cookie
from sweeps.service.tokens import Token

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Next = Annotated[str, Field("/", max_length=2000, description="Where to go then.")]

SPENT = f"A link is good once, for {MINUTES} minutes. `sweeps open` makes another; or sign in with a token."
UNKNOWN = "This is no token that is good now. A token reads swp_…; `sweeps token create` makes one."


class SignIn(BaseModel):
    """What the form sends: a token or a code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str = Field("", max_length=200)
    code: str = Field("", max_length=200)
    next: Next


class Asked(BaseModel):
    """Where someone wanted to go."""

    model_config = ConfigDict(frozen=True)

    next: Next


@router.get("/login")
def show(request: Request, query: Annotated[Asked, Query()]) -> Response:
    """Show the form; a script sends it at once if the address holds a code."""
    return page(request, "login.html", {"next": query.next, "wrong": ""})


@router.post("/login")
def sign_in(request: Request, form: Annotated[SignIn, Form()]) -> Response:
    """Exchange a token or a code for a session."""
    if not comes_from_own_page(request.headers):
        raise ForbiddenError("signing in takes a page of this service, but another sent this. Open /login.")
    token = _token(request, form)
    if token is None:
        wrong = SPENT if form.code else UNKNOWN
        return page(request, "login.html", {"next": form.next, "wrong": wrong}, status=401)
    answer = RedirectResponse(_within(form.next), 303)
    sessions: Sessions = request.app.state.sessions
    set_cookie(answer, request.scope, sessions.begin(token))
    return answer


@router.post("/logout", dependencies=[MAY_READ])
def sign_out(request: Request) -> Response:
    """Have the browser forget its session."""
    answer = RedirectResponse("/login", 303)
    set_cookie(answer, request.scope, "")
    return answer


def _token(request: Request, form: SignIn) -> Token | None:
    sessions: Sessions = request.app.state.sessions
    if form.code:
        return Links.of(sessions.tokens).use(form.code)
    return sessions.tokens.verify(form.token.strip())


def _within(address: str) -> str:
    """Return an address of this service, or its first page instead of one that leads elsewhere."""
    parts = urlsplit(address)
    leads_elsewhere = parts.scheme or parts.netloc or not address.startswith("/") or "\\" in address
    return "/" if leads_elsewhere or address.startswith("//") else address
