"""The service on one machine: the API, the reconciler and MLflow's pages, all on loopback; sweeps outlive it."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from sweeps.errors import SweepError
from sweeps.execution.lease import is_held, take_lock
from sweeps.execution.storage import Home, write_atomically
from sweeps.service.app import make_app
from sweeps.service.board import Board
from sweeps.service.claims import Claims
from sweeps.service.executor import Executor
from sweeps.service.links import Links, link_to
from sweeps.service.local_executor import LocalExecutor
from sweeps.service.options import LOOPBACK, ServiceOptions
from sweeps.service.ray_executor import RayExecutor
from sweeps.service.ray_jobs import RayJobs, read_ray_token
from sweeps.service.reconciler import Reconciler
from sweeps.service.record_pages import RecordPages, pages_at
from sweeps.service.record_server import USER, serve_record
from sweeps.service.state import has_process
from sweeps.service.tokens import Role, Token, Tokens
from sweeps.settings import Settings

__all__ = ["Started", "new_link", "serve"]

EVERYWHERE = "0.0.0.0"  # noqa: S104  # asked for by name alone

LAST_REQUESTS_SECONDS = 3
"""How long requests in hand, and logs that are followed, may go on after Ctrl-C."""


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
        host, port = listening.getsockname()
        url = f"http://{LOOPBACK if host == EVERYWHERE else host}:{port}"
        write_atomically(_address(home.root), url.encode())
        if settings.tracking_uri is None:
            board.refresh()  # makes the record, which MLflow's server would take seconds for
            pages = stack.enter_context(serve_record(home, options.mlflow_port))
            board.pages = pages.health
            shown: tuple[str | None, str | None] = (pages.url, str(pages.password_file))
            password_file = str(pages.password_file.relative_to(home.root))
            record: RecordPages | None = RecordPages(pages.url, USER, password_file)
        else:
            shown, record = (None, None), pages_at(settings.tracking_uri)
        reconciler.start()
        stack.callback(reconciler.close)
        administrator, text = _administrator(tokens)
        link = link_to(url, Links.of(tokens).make(administrator))
        tell(Started(url, link, text, *shown))
        app = make_app(board, tokens, settings, limits=options.limits, workers=options.workers, record=record)
        _answer(app, listening)
    return sum(has_process(view.state) for view in board.snapshot())


def new_link(root: Path) -> str:
    """Return another link that opens the pages of the service of a home signed in.

    Raises:
        SweepError: None runs.
    """
    if not is_held(_lock(root)):
        raise SweepError(f"a link leads to a service that runs, but none serves {root}. Start it: sweeps serve")
    tokens = Tokens.of(root)
    return link_to(_address(root).read_text(encoding="utf-8"), Links.of(tokens).make(_administrator(tokens)[0]))


def _lock(root: Path) -> Path:
    return root / "service" / "service.lock"


def _address(root: Path) -> Path:
    return root / "service" / "address"


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
    lock = take_lock(_lock(home.root))
    if lock is None:
        rule = "one service serves a home at a time, but another does already"
        raise SweepError(f"{rule}: {home.root}. Stop it, or choose another --home.")
    _lock(home.root).parent.chmod(0o700)
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


def _administrator(tokens: Tokens) -> tuple[Token, str | None]:
    """Return the first administrator's token; if none is good, make one and return its text too."""
    for token in tokens.list():
        if token.role is Role.ADMIN and not token.revoked:
            return token, None
    return tokens.create("first administrator", Role.ADMIN)
