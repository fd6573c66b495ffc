"""Who is asking, and whether they may: without a token no request reaches a route, but for a few that all may ask."""

import logging
import math
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Request, Security
from fastapi.security import HTTPBearer, SecurityScopes
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sweeps.errors import StorageError
from sweeps.service.limits import RateLimit, limited
from sweeps.service.problems import ForbiddenError, problem_response
from sweeps.service.sessions import Sessions, comes_from_own_page, cookie_of
from sweeps.service.tokens import Role, Token

__all__ = ["MAY_READ", "Doorkeeper", "Reader", "Submitter"]

OPEN_PATHS = ("/healthz", "/login")
OPEN_FOLDER = "/static/"

READING = ("GET", "HEAD", "OPTIONS")

BEARER = HTTPBearer(scheme_name="token", description="`sweeps token create` makes one.", auto_error=False)


class Doorkeeper:
    """Answers requests that have no good token, come too fast or are too large; lets the others in.

    The token stands in the header `Authorization`, or is that of a browser's session: then what changes something must
    come from a page of this service.

    Side effect: the token of a request is `request.state.token`.
    """

    def __init__(self, app: ASGIApp, sessions: Sessions, rate: RateLimit) -> None:
        self.app, self.sessions, self.rate = app, sessions, rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refusal = None if is_open(scope["path"]) else await self._without_right(scope)
        refusal = refusal or self._too_large(Headers(scope=scope))
        await (refusal or self.app)(scope, limited(receive, self.rate.limits.body_bytes), send)

    async def _without_right(self, scope: Scope) -> Response | None:
        """Return why a request must not go on, if so; the token of one that may stands in its scope."""
        headers = Headers(scope=scope)
        try:
            token = await run_sync(self._token, scope)
        except StorageError:
            logging.getLogger(__name__).exception("a token could not be verified")
            return problem_response(503, "Tokens cannot be read now.", headers={"Retry-After": "30"})
        if token is None:
            detail = "A request needs the header `Authorization: Bearer swp_…` with a token that is good."
            return problem_response(401, detail, headers={"WWW-Authenticate": 'Bearer realm="sweeps"'})
        scope.setdefault("state", {})["token"] = token
        if "authorization" not in headers and scope.get("method") not in READING and not comes_from_own_page(headers):
            rule = "With a browser's session only pages of this service may change something."
            return problem_response(403, f"{rule} Elsewhere, send the header `Authorization: Bearer swp_…`.")
        wait_seconds = self.rate.wait_seconds(token.id)
        if wait_seconds:
            rule = f"A token has {self.rate.limits.requests_per_second:g} requests a second. Wait, then try again."
            return problem_response(429, rule, headers={"Retry-After": str(math.ceil(wait_seconds))})
        return None

    def _token(self, scope: Scope) -> Token | None:
        headers = Headers(scope=scope)
        if "authorization" in headers:
            return self.sessions.tokens.verify(_bearer(headers))
        return self.sessions.verify(cookie_of(scope))

    def _too_large(self, headers: Headers) -> Response | None:
        length, most = headers.get("content-length", "0"), self.rate.limits.body_bytes
        if not length.isdecimal() or int(length) > most:
            return problem_response(413, f"A request has at most {most} bytes, but got {length[:20]}. Send less.")
        return None


def is_open(path: str) -> bool:
    """Tell whether an address answers everyone: it lives, lets people sign in, or is the same for all."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def _bearer(headers: Headers) -> str:
    """Return what may be a token, or an empty text; two headers are none."""
    given = headers.getlist("authorization")
    scheme, _, text = (given[0] if len(given) == 1 else "").partition(" ")
    return text.strip(" ") if scheme.lower() == "bearer" else ""


def _caller(request: Request, scopes: SecurityScopes, _: Annotated[object, Security(BEARER)]) -> Token:
    """Return the token of a request whose role covers what the route needs.

    Raises:
        ForbiddenError: It does not.
    """
    token: Token = request.state.token
    for needed in map(Role, scopes.scopes):
        if not token.role.covers(needed):
            raise ForbiddenError(
                f"the role must be {needed} or higher, but got {token.role}. Ask an admin for a token."
            )
    return token


MAY_READ = Security(_caller, scopes=[Role.READ])
"""The rule of routes that change nothing."""

Reader = Annotated[Token, MAY_READ]
"""Any token, for routes that ask whose it is."""

Submitter = Annotated[Token, Security(_caller, scopes=[Role.SUBMIT])]
"""A token that may start and steer sweeps."""
