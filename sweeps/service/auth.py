"""Who is asking, and whether they may: no request reaches a route without a token, but for `/healthz`."""

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
from sweeps.service.tokens import Role, Token, Tokens

__all__ = ["MAY_READ", "Doorkeeper", "Reader", "Submitter"]

OPEN_PATH = "/healthz"

BEARER = HTTPBearer(scheme_name="token", description="`sweeps token create` makes one.", auto_error=False)


class Doorkeeper:
    """Answers requests that have no good token, come too fast or are too large; lets the others in.

    Side effect: the token of a request is `request.state.token`.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens, rate: RateLimit) -> None:
        self.app, self.tokens, self.rate = app, tokens, rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] == "lifespan" or scope["path"] == OPEN_PATH:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            token = await run_sync(self.tokens.verify, _bearer(headers))
        except StorageError:
            logging.getLogger(__name__).exception("a token could not be verified")
            refusal: Response | None = problem_response(
                503, "Tokens cannot be read now.", headers={"Retry-After": "30"}
            )
        else:
            refusal = self._refusal(token, headers)
            scope.setdefault("state", {})["token"] = token
        await (refusal or self.app)(scope, limited(receive, self.rate.limits.body_bytes), send)

    def _refusal(self, token: Token | None, headers: Headers) -> Response | None:
        if token is None:
            detail = "A request needs the header `Authorization: Bearer swp_…` with a token that is good."
            return problem_response(401, detail, headers={"WWW-Authenticate": 'Bearer realm="sweeps"'})
        wait_seconds = self.rate.wait_seconds(token.id)
        if wait_seconds:
            rule = f"A token has {self.rate.limits.requests_per_second:g} requests a second. Wait, then try again."
            return problem_response(429, rule, headers={"Retry-After": str(math.ceil(wait_seconds))})
        length, most = headers.get("content-length", "0"), self.rate.limits.body_bytes
        if not length.isdecimal() or int(length) > most:
            return problem_response(413, f"A request has at most {most} bytes, but got {length[:20]}. Send less.")
        return None


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
