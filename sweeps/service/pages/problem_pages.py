"""Refusals as people see them: who takes HTML gets a page in words, or is led to sign in; others get the problem."""

from http import HTTPStatus
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sweeps.service.headers import PAGE_HEADERS
from sweeps.service.pages.render import page
from sweeps.service.problems import MEDIA_TYPE, Problem, own_error

__all__ = ["ProblemPages", "own_error_page"]

KEPT = ("allow", "retry-after")
"""Headers of a problem that its page has too."""


class ProblemPages:
    """Turns the problems that an app answers into pages, for browsers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not _takes_html(scope):
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def send_in_words(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    told = _page(Request(scope), Problem.model_validate_json(body), Headers(raw=start["headers"]))
                    await told(scope, receive, send)

        await self.app(scope, receive, send_in_words)


def own_error_page(request: Request, error: Exception) -> Response:
    """Tell that the service failed, as a page or as the problem."""
    answer = own_error(request, error)
    if not _takes_html(request.scope):
        return answer
    return _page(request, Problem.model_validate_json(bytes(answer.body)), answer.headers)


def _takes_html(scope: Scope) -> bool:
    return "text/html" in Headers(scope=scope).get("accept", "")


def _is_problem(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type") == MEDIA_TYPE


def _page(request: Request, problem: Problem, headers: Headers) -> Response:
    """Return a problem as a page; within a page that is shown already, as a notice on it."""
    is_within = "hx-request" in request.headers
    if problem.status == HTTPStatus.UNAUTHORIZED:
        return _to_sign_in(request, is_within=is_within)
    kept = {name: headers[name] for name in KEPT if name in headers}
    if is_within:
        kept |= {"HX-Retarget": "#notice", "HX-Reswap": "innerHTML"}
    template = "_problem.html" if is_within else "problem.html"
    return page(request, template, {"problem": problem}, status=problem.status, headers=kept)


def _to_sign_in(request: Request, *, is_within: bool) -> Response:
    if is_within:
        shown = urlsplit(request.headers.get("hx-current-url", ""))
        return Response(status_code=401, headers={"HX-Redirect": _sign_in(shown.path, shown.query)})
    asked = (request.url.path, request.url.query) if request.method == "GET" else ("/", "")
    return RedirectResponse(_sign_in(*asked), HTTPStatus.SEE_OTHER, PAGE_HEADERS)


def _sign_in(path: str, query: str) -> str:
    """Return where to sign in for what was asked."""
    asked = f"{path}?{query}" if query else path
    return "/login" if asked in ("", "/") else f"/login?next={quote(asked, safe='')}"
