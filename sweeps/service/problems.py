"""Every refusal as one document: RFC 9457 problems, with all faults of what was sent and no word of the inside.

Errors become problems here and nowhere else. What is told is checked once more for tokens, whoever wrote them where.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from sweeps.errors import Fault, LeaseError, SpecError, StorageError, SweepError, UnknownNameError
from sweeps.record.connection import RecordError
from sweeps.service.board import KeyReused, Refused, UnknownSweep
from sweeps.service.headers import SECURITY_HEADERS
from sweeps.service.tokens import without_tokens
from sweeps.spec_faults import concise

__all__ = [
    "MEDIA_TYPE",
    "ForbiddenError",
    "NotReadyError",
    "Problem",
    "RequestError",
    "add_problems",
    "own_error",
    "problem_response",
]

MEDIA_TYPE = "application/problem+json"

SEE_OPENAPI = "GET /api/v1/openapi.json tells what this route takes."


class RequestError(SweepError):
    """A request whose query, header or body is not what the route takes."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)
        super().__init__("the request is not what this route takes")


class ForbiddenError(SweepError):
    """A token whose role or projects do not reach so far."""


class NotReadyError(SweepError):
    """The service cannot work now."""


class FaultAnswer(BaseModel):
    """One thing that is wrong with what was sent."""

    path: str = Field(description="Where: a place in the spec as `space.beta.low`, or `query.limit`.")
    rule: str = Field(description="What must hold.")
    value: str = Field(description="What was given.")
    remedy: str = Field(description="What to write instead.")


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:sweeps:problem:faulty-spec",
                    "title": "The spec has faults",
                    "status": 422,
                    "detail": "the spec has 1 fault, nothing was started",
                    "faults": [
                        {
                            "path": "hyperband.max_epochs",
                            "rule": "max_epochs must be a power of eta=3",
                            "value": "10",
                            "remedy": "The nearest are 9 and 27.",
                        }
                    ],
                }
            ]
        }
    )

    type: str = Field(description="`about:blank` if the status says all, else a name for programs.")
    title: str
    status: int
    detail: str = Field(description="For people: rule, value, remedy.")
    faults: list[FaultAnswer] = Field(default_factory=list, description="Every fault, if there are some.")


class Kind(NamedTuple):
    """How one family of errors is told."""

    error: type[SweepError]
    status: int
    name: str
    title: str


KINDS = (
    Kind(SpecError, 422, "faulty-spec", "The spec has faults"),
    Kind(RequestError, 422, "faulty-request", "The request has faults"),
    Kind(UnknownSweep, 404, "unknown-sweep", "No such sweep"),
    Kind(UnknownNameError, 404, "unknown-name", "No such thing"),
    Kind(ForbiddenError, 403, "forbidden", "The token may not do this"),
    Kind(Refused, 409, "refused", "The sweep is in no state for this"),
    Kind(KeyReused, 409, "key-reused", "The idempotency key was used for another spec"),
    Kind(LeaseError, 409, "held", "Another process holds the sweep"),
    Kind(RecordError, 503, "record-away", "MLflow cannot be reached"),
    Kind(StorageError, 503, "storage-trouble", "A file cannot be read or written"),
    Kind(NotReadyError, 503, "not-ready", "The service is not ready"),
    Kind(SweepError, 400, "refused-request", "The request was refused"),
)
"""The first kind that fits is told."""


def add_problems(app: FastAPI) -> None:
    """Have an app tell everything that goes wrong as a problem."""
    app.add_exception_handler(SweepError, _sweep_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, own_error)


def problem_response(
    status: int,
    detail: str,
    *,
    kind: str = "",
    title: str = "",
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem; a kind or title that is not given follows from the status."""
    body: dict[str, Any] = {
        "type": f"urn:sweeps:problem:{kind}" if kind else "about:blank",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if faults:
        body["faults"] = [asdict(fault) for fault in concise(faults)]
    text = without_tokens(json.dumps(body, ensure_ascii=False))
    # Half a surrogate pair, decoded from a request, is no text that could be sent back.
    content = text.encode("utf-8", errors="replace")
    return Response(content, status, {**SECURITY_HEADERS, **(headers or {})}, MEDIA_TYPE)


def own_error(_: Request, __: Exception) -> Response:
    """Tell that the service failed, and nothing about how."""
    return problem_response(500, "The service failed at this request; what failed stands in its own log.")


def _sweep_error(_: Request, error: Exception) -> Response:
    kind = next(kind for kind in KINDS if isinstance(error, kind.error))
    faults: Sequence[Fault] = ()
    detail = str(error)
    if isinstance(error, SpecError | RequestError):
        faults, detail = error.faults, f"{kind.title[0].lower()}{kind.title[1:]}, nothing was changed"
    elif isinstance(error, UnknownSweep):
        # The same words for each, or they would tell which sweeps other projects have.
        detail = "no sweep of this name is among those that you may see. Take a name from the list of all sweeps."
    headers = {"Retry-After": "30"} if kind.status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return problem_response(kind.status, detail, kind=kind.name, title=kind.title, faults=faults, headers=headers)


def _validation_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        Fault(".".join(map(str, each["loc"])), each["msg"], repr(each.get("input")), SEE_OPENAPI)
        for each in error.errors()
    ]
    return _sweep_error(_, RequestError(*faults))


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem_response(404, "Nothing is at this address.")
    if error.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        return problem_response(error.status_code, str(error.detail), headers=error.headers)
    allowed = ", ".join(sorted(_methods(request)))
    return problem_response(405, f"This address takes {allowed}.", headers={"Allow": allowed})


def _methods(request: Request) -> set[str]:
    """Return the methods of an address: those of all its routes, of which Starlette tells the first's alone."""
    here = [
        c for c in iter_route_contexts(request.app.routes) if c.path and compile_path(c.path)[0].match(request.url.path)
    ]
    return {method for context in here for method in context.methods or ()}
