"""The service on one machine: the API, the reconciler and MLflow's pages, all on loopback; sweeps outlive it."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI

from sweeps.errors import SweepError
from sweeps.execution.lease import take_lock
from sweeps.execution.storage import Home
from sweeps.service.app import make_app
from sweeps.service.board import Board
from sweeps.service.claims import Claims
from sweeps.service.executor import Executor
from sweeps.service.local_executor import LocalExecutor
from sweeps.service.options import LOOPBACK, ServiceOptions
from sweeps.service.ray_executor import RayExecutor
from sweeps.service.ray_jobs import RayJobs, read_ray_token
from sweeps.service.reconciler import Reconciler
from sweeps.service.record_server import serve_record
from sweeps.service.state import has_process
from sweeps.service.tokens import Role, Tokens
from sweeps.settings import Settings

__all__ = ["Started", "serve"]

EVERYWHERE = "0.0.0.0"  # noqa: S104  # asked for by name alone

LAST_REQUESTS_SECONDS = 3
"""How long requests in hand, and logs that are followed, may go on after Ctrl-C."""


@dataclass(frozen=True)
class Started:
    """A service that answers.

    Attributes:
        url: Of the API.
        token: The first administrator's, told now and never again; None if there is one already.
        mlflow: Where MLflow's pages are; None if the record is on a server or database of its own.
        mlflow_password_file: Holds the password of its user `admin`.
    """

    url: str
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
        SweepError: A port is taken, the home has a service already, MLflow does not start, or Ray has no token.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = Settings.read(options.environment())
    home, tokens = Home(settings.home), Tokens.of(settings.home)
    uri = settings.tracking_uri or f"sqlite:///{home.record}"
    claims = Claims(uri, None if settings.tracking_uri else home.artifacts)
    executor = _executor(options, settings, uri)
    board = Board(home.root, claims, executor, attempts=options.attempts)
    reconciler = Reconciler(board, executor, max_running=options.max_running)
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        stack.enter_context(_alone(home))
        listening = stack.enter_context(_listening(options.host, options.port))
        if settings.tracking_uri is None:
            board.refresh()  # makes the record, which MLflow's server would take seconds for
            pages = stack.enter_context(serve_record(home, options.mlflow_port))
            board.pages = pages.health
            shown: tuple[str | None, str | None] = (pages.url, str(pages.password_file))
        else:
            shown = (None, None)
        reconciler.start()
        stack.callback(reconciler.close)
        host, port = listening.getsockname()
        url = f"http://{LOOPBACK if host == EVERYWHERE else host}:{port}"
        tell(Started(url, _first_token(tokens), *shown))
        _answer(make_app(board, tokens, settings, limits=options.limits, workers=options.workers), listening)
    return sum(has_process(view.state) for view in board.snapshot())


def _executor(options: ServiceOptions, settings: Settings, tracking_uri: str) -> Executor:
    if options.executor == "local":
        return LocalExecutor(tracking_uri, options.workers, options.environment())
    jobs = RayJobs(options.ray_address, read_ray_token())
    return RayExecutor(jobs, tracking_uri, options.workers, options.ray_python, settings.data)


def _answer(app: FastAPI, listening: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Keep a second service from the same home, since wishes are remembered by the one that took them; and others out.

    Side effect: nobody but the owner may look into `<home>/service` from now on.
    """
    folder = home.root / "service"
    lock = take_lock(folder / "service.lock")
    if lock is None:
        rule = "one service serves a home at a time, but another does already"
        raise SweepError(f"{rule}: {home.root}. Stop it, or choose another --home.")
    folder.chmod(0o700)
    with lock:
        yield


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Take requests from now on; they are answered once the service is up."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the last one may just have ended
        try:
            listening.bind((host, port))
        except OSError as error:
            rule = f"--port must be free on {host}, but got {port}: {error.strerror}"
            raise SweepError(f"{rule}. Choose another, or 0 for a free one.") from error
        listening.listen(128)
        yield listening


def _first_token(tokens: Tokens) -> str | None:
    """Make a token for an administrator if none is good, and return its text."""
    if any(token.role is Role.ADMIN and not token.revoked for token in tokens.list()):
        return None
    return tokens.create("first administrator", Role.ADMIN)[1]
