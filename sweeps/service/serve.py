"""The service on one machine: the API, the pages, the reconciler and MLflow's pages; sweeps outlive it."""

import gc
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI

from sweeps.errors import SweepError
from sweeps.execution.storage import Home
from sweeps.record.connection import artifact_root
from sweeps.service.address import alone, listening_at, new_link, write_address
from sweeps.service.app import make_app
from sweeps.service.board import Board
from sweeps.service.claims import Claims
from sweeps.service.courier import Courier
from sweeps.service.delivery import Poster
from sweeps.service.executor import Executor
from sweeps.service.local_executor import LocalExecutor
from sweeps.service.notify_settings import NotifySettings
from sweeps.service.options import ServiceOptions
from sweeps.service.own_log import begin_log
from sweeps.service.ray_executor import RayExecutor
from sweeps.service.ray_jobs import RayJobs, read_ray_token
from sweeps.service.reconciler import Reconciler
from sweeps.service.record_pages import RecordPages, pages_at
from sweeps.service.record_server import USER, serve_record
from sweeps.service.signature import read_secrets
from sweeps.service.state import has_process
from sweeps.service.tokens import Role, Tokens
from sweeps.settings import Settings

__all__ = ["Started", "serve"]

LAST_REQUESTS_SECONDS = 3
"""How long requests in hand, and logs that are followed, may go on after Ctrl-C."""

COLLECT_AFTER = (10_000, 10, 100)
"""New objects, and rounds among younger ones, after which garbage is looked for; Python's own are (700, 10, 10).

Nothing is answered while all that is known of a thousand sweeps is gone through, 40 to 90 ms.
"""

SWITCH_SECONDS = 0.001
"""How long one thread may keep others waiting: a look at a thousand sweeps must not slow what is asked meanwhile."""


@dataclass(frozen=True)
class Started:
    """A service that answers.

    Attributes:
        url: Of the pages and the API.
        link: Opens the pages signed in, once.
        token: The first administrator's, told now and never again; None if there is one already.
        mlflow: Where MLflow's pages are; None if the record is on a server or database of its own.
        mlflow_password_file: Holds the password of its user `admin`.
    """

    url: str
    link: str
    token: str | None
    mlflow: str | None
    mlflow_password_file: str | None

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return asdict(self)


def serve(options: ServiceOptions, *, tell: Callable[[Started], None]) -> int:
    """Serve until Ctrl-C or SIGTERM; return how many sweeps go on running without the service.

    Args:
        options: What the service is told.
        tell: Called once, as soon as requests are taken.

    Raises:
        SweepError: A port is taken, the home has a service already, MLflow does not start, Ray has no token, or a
            setting is faulty.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.setswitchinterval(SWITCH_SECONDS)
    begin_log()
    environment = options.environment()
    settings, notify = Settings.read(environment), NotifySettings.read(environment)
    home, tokens = Home(settings.home), Tokens.of(settings.home)
    uri = settings.tracking_uri or f"sqlite:///{home.record}"
    claims = Claims(uri, artifact_root(settings.tracking_uri, home))
    executor = _executor(options, settings, uri)
    board = Board(home.root, claims, executor, attempts=options.attempts, notify=notify)
    reconciler = Reconciler(board, executor, max_running=options.max_running)
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        stack.enter_context(alone(home.root))
        listening = stack.enter_context(listening_at(options.host, options.port))
        url = write_address(home.root, listening)
        _settle(claims)
        if settings.tracking_uri is None:
            board.refresh()  # makes the record, which MLflow's server would take seconds for
            pages = stack.enter_context(serve_record(home, options.mlflow_port))
            board.pages = pages.health
            shown: tuple[str | None, str | None] = (pages.url, str(pages.password_file))
            password_file = str(pages.password_file.relative_to(home.root))
            record: RecordPages | None = RecordPages(pages.url, USER, password_file)
        else:
            shown, record = (None, None), pages_at(settings.tracking_uri)
        for part in (reconciler, Courier(board, Poster(notify, _keys(notify, home)))):
            part.start()
            stack.callback(part.close)
        text = _first_token(tokens)
        tell(Started(url, new_link(home.root), text, *shown))
        app = make_app(board, tokens, settings, limits=options.limits, workers=options.workers, record=record)
        _answer(app, listening)
    return sum(has_process(view.state) for view in board.snapshot())


def _executor(options: ServiceOptions, settings: Settings, tracking_uri: str) -> Executor:
    if options.executor == "local":
        return LocalExecutor(tracking_uri, options.workers, options.environment())
    jobs = RayJobs(options.ray_address, read_ray_token())
    return RayExecutor(jobs, tracking_uri, options.workers, options.ray_python, settings.data)


def _settle(claims: Claims) -> None:
    """Import what is left to import, and have it never looked through for garbage: that would stop all for 0.3 s."""
    with suppress(SweepError):  # the reconciler tries again, and says so
        claims.open()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _keys(notify: NotifySettings, home: Home) -> tuple[bytes, ...]:
    """Return what messages are signed with; a home whose service may tell nobody needs nothing."""
    if not notify.hosts:
        return ()
    own = home.root / "service" / "notify-secret"
    return read_secrets(notify.secret_file or own, make=notify.secret_file is None)


def _answer(app: FastAPI, listening: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        log_config=None,  # `begin_log` has said how
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listening])


def _first_token(tokens: Tokens) -> str | None:
    """Make a token for an administrator if none is good, and return its text."""
    if tokens.administrator() is not None:
        return None
    return tokens.create("first administrator", Role.ADMIN)[1]
