"""The service on one machine: the API, the reconciler and MLflow's pages, all on loopback; sweeps outlive it."""

import gc
import signal
import socket
import sys
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
from sweeps.service.courier import Courier
from sweeps.service.delivery import Poster
from sweeps.service.local_executor import LocalExecutor
from sweeps.service.notify_settings import NotifySettings
from sweeps.service.own_log import begin_log
from sweeps.service.reconciler import Reconciler
from sweeps.service.record_server import serve_record
from sweeps.service.signature import read_secrets
from sweeps.service.state import has_process
from sweeps.service.tokens import Role, Tokens
from sweeps.settings import Settings

__all__ = ["Ports", "Started", "serve"]

LAST_REQUESTS_SECONDS = 3
"""How long requests in hand, and logs that are followed, may go on after Ctrl-C."""


SWITCH_SECONDS = 0.001
"""How long one thread may keep others waiting: a look at a thousand sweeps must not slow what is asked meanwhile."""


@dataclass(frozen=True)
class Ports:
    """On 127.0.0.1; 0 takes a free one."""

    api: int
    mlflow: int


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


def serve(
    settings: Settings, ports: Ports, *, workers: int | None, max_running: int, tell: Callable[[Started], None]
) -> int:
    """Serve until Ctrl-C or SIGTERM; return how many sweeps go on running without the service.

    Args:
        settings: Where home, data and record are.
        ports: Where to listen.
        workers: Evaluations at a time of each sweep; None is one a processor.
        max_running: Sweeps at a time.
        tell: Called once, as soon as requests are taken.

    Raises:
        SweepError: A port is taken, the home has a service already, MLflow does not start, or a setting is faulty.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.setswitchinterval(SWITCH_SECONDS)
    begin_log()
    home, tokens, notify = Home(settings.home), Tokens.of(settings.home), NotifySettings.read()
    uri = settings.tracking_uri or f"sqlite:///{home.record}"
    executor = LocalExecutor(uri, workers)
    claims = Claims(uri, None if settings.tracking_uri else home.artifacts)
    board = Board(home.root, claims, executor, notify=notify)
    reconciler = Reconciler(board, executor, max_running=max_running)
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        stack.enter_context(_alone(home))
        listening = stack.enter_context(_listening(ports.api))
        _settle(claims)
        if settings.tracking_uri is None:
            board.refresh()  # makes the record, which MLflow's server would take seconds for
            pages = stack.enter_context(serve_record(home, ports.mlflow))
            shown: tuple[str | None, str | None] = (pages.url, str(pages.password_file))
        else:
            shown = (None, None)
        courier = Courier(board, Poster(notify, _keys(notify, home)))
        for part in (reconciler, courier):
            part.start()
            stack.callback(part.close)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        tell(Started(url, _first_token(tokens), *shown))
        _answer(make_app(board, tokens, settings, workers=workers), listening)
    return sum(has_process(view.state) for view in board.snapshot())


def _settle(claims: Claims) -> None:
    """Import what is left to import, and have it never looked through for garbage: that would stop all for 0.3 s."""
    with suppress(SweepError):  # the reconciler tries again, and says so
        claims.open()
    gc.collect()
    gc.freeze()


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
def _listening(port: int) -> Iterator[socket.socket]:
    """Take requests from now on; they are answered once the service is up."""
    # By its protocol asyncio knows it for TCP and switches Nagle's delay off, which costs 40 ms an answer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the last one may just have ended
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            rule = f"--port must be free on 127.0.0.1, but got {port}: {error.strerror}"
            raise SweepError(f"{rule}. Choose another, or 0 for a free one.") from error
        listening.listen(128)
        yield listening


def _first_token(tokens: Tokens) -> str | None:
    """Make a token for an administrator if none is good, and return its text."""
    if any(token.role is Role.ADMIN and not token.revoked for token in tokens.list()):
        return None
    return tokens.create("first administrator", Role.ADMIN)[1]
