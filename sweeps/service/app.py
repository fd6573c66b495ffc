"""The service's HTTP side, put together: routes, and what stands around every request."""

import time
from importlib.metadata import version

from fastapi import FastAPI

from sweeps.service.auth import Doorkeeper
from sweeps.service.board import Board
from sweeps.service.desk import Desk
from sweeps.service.headers import SecurityHeaders
from sweeps.service.limits import Limits, RateLimit
from sweeps.service.metrics import Meter, Metrics
from sweeps.service.openapi import describe
from sweeps.service.pages import login, new_sweep, static_files, sweep, sweep_list
from sweeps.service.pages.problem_pages import ProblemPages, own_error_page
from sweeps.service.problems import add_problems
from sweeps.service.record_pages import RecordPages
from sweeps.service.routes import catalogue, charts, events, health, logs, plan, results, sweeps
from sweeps.service.sessions import Sessions
from sweeps.service.tokens import Tokens
from sweeps.settings import Settings

__all__ = ["make_app"]

API = "/api/v1"

PAGES = (login, static_files, sweep_list, new_sweep, sweep)


def make_app(
    board: Board,
    tokens: Tokens,
    settings: Settings,
    *,
    limits: Limits | None = None,
    workers: int | None = None,
    record: RecordPages | None = None,
) -> FastAPI:
    """Return the service's app.

    Args:
        board: The sweeps; used by several threads at once.
        tokens: Who may ask.
        settings: Where the home is.
        limits: How much one token may ask.
        workers: Evaluations at a time of one sweep, for its plan; None is one a processor.
        record: MLflow's pages, for links; None if it has none.
    """
    limits = limits or Limits()
    app = FastAPI(
        title="Sweeps",
        summary="Hyperparameter sweeps for generative models, proven by cross-validation.",
        version=version("sweeps"),
        openapi_url=None,  # as a route of its own, so that it needs a token as others do
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's own way to extend the document
    app.state.sessions = sessions = Sessions.of(tokens)
    app.state.desk, app.state.metrics = Desk(board, settings, workers, record), Metrics()
    for part in (sweeps, results, charts, logs, events, plan, catalogue):
        app.include_router(part.router, prefix=API)
    app.include_router(health.router)
    for page in PAGES:
        app.include_router(page.router)
    add_problems(app)
    app.add_exception_handler(Exception, own_error_page)
    app.add_middleware(Doorkeeper, sessions=sessions, rate=RateLimit(limits, time.monotonic))
    app.add_middleware(ProblemPages)
    app.add_middleware(Meter, metrics=app.state.metrics)
    app.add_middleware(SecurityHeaders)
    return app
