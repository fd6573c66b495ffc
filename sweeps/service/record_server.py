"""MLflow's pages for a service: on loopback, over the record in the home, behind a password of their own."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from sweeps.errors import SweepError
from sweeps.execution.storage import Home, write_atomically
from sweeps.record.local_server import LocalServer, end, launch, loopback, wait_until_healthy
from sweeps.record.pages import SERVER_ENVIRONMENT
from sweeps.service.secret_file import secret_of

__all__ = ["USER", "RecordServer", "serve_record"]

LOG = logging.getLogger(__name__)

USER = "admin"

OWNER_ONLY = 0o600

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
"""Between the death of a server and the next; twice as long each time."""

SOUND_SECONDS = 120.0
"""A server that lived so long was sound: the next is started as soon as after a first death."""


@contextmanager
def serve_record(home: Home, port: int) -> Iterator["RecordServer"]:
    """Serve the record of a home that has one.

    Side effects: starts `mlflow server` in a process group of its own, starts it again whenever it dies, and ends it
    afterwards; password, key, users and log lie in `<home>/service`.

    Raises:
        SweepError: The server does not start.
        StorageError: The home cannot be written.
    """
    folder = home.root / "service"
    password, key = folder / "mlflow-password", folder / "mlflow-key"
    settings = folder / "mlflow-auth.ini"
    write_atomically(settings, _settings(folder / "mlflow-users.db").encode(), mode=OWNER_ONLY)
    environment = SERVER_ENVIRONMENT | {
        "MLFLOW_AUTH_CONFIG_PATH": str(settings),
        "MLFLOW_AUTH_ADMIN_PASSWORD": secret_of(password),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secret_of(key),
    }
    address = loopback(port)
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{home.record}"]
    command += ["--workers", "1", "--app-name", "basic-auth"]
    command += ["--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    log = folder / "mlflow.log"
    log.unlink(missing_ok=True)
    with closing(RecordServer(LocalServer("MLflow", tuple(command), address, "health", log, environment))) as server:
        server.start()
        yield server


class RecordServer:
    """MLflow's pages, kept up by a thread: it lives as long as they do, since they end with whichever starts them."""

    def __init__(self, server: LocalServer) -> None:
        """Keep what to serve; `start` begins.

        Args:
            server: MLflow's, with its password in a file beside the log.
        """
        self.url, self.password_file = server.address, server.log.with_name("mlflow-password")
        self._server = server
        self._process: subprocess.Popen[bytes] | None = None
        self._trouble = f"{server.name} at {server.address} is being started"
        self._first, self._closing = Future[None](), threading.Event()
        self._thread = threading.Thread(target=self._keep_up, name="record server", daemon=True)

    @property
    def pid(self) -> int:
        """The process that serves at present, or did last; 0 before the first."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Return when the pages answer.

        Raises:
            SweepError: They do not.
        """
        self._thread.start()
        self._first.result()

    def health(self) -> str:
        """Return "ok", or that the pages are being started again."""
        return self._trouble or "ok"

    def close(self) -> None:
        """End the server."""
        self._closing.set()
        if self._process is not None:
            end(self._process)
        if self._thread.ident is not None:
            self._thread.join()

    def _keep_up(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while not self._closing.is_set():
            begun = time.monotonic()
            try:
                self._serve_once()
            except (SweepError, OSError) as error:
                if not self._first.done():
                    self._first.set_exception(error)
                    return
                self._say(str(error))
            if time.monotonic() - begun > SOUND_SECONDS:
                wait = FIRST_WAIT_SECONDS
            self._closing.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    def _serve_once(self) -> None:
        """Serve until the server dies or is ended."""
        process = self._process = launch(self._server)
        try:
            if self._closing.is_set():
                return
            wait_until_healthy(self._server, process)
            self._trouble = ""
            if not self._first.done():
                self._first.set_result(None)
            process.wait()
            if not self._closing.is_set():
                name, log = self._server.name, self._server.log
                self._say(f"{name} at {self.url} has died and is being started again. Read {log}.")
        finally:
            end(process)  # what it started may live on, and hold its port

    def _say(self, trouble: str) -> None:
        LOG.warning("%s", trouble)
        self._trouble = trouble


def _settings(users: Path) -> str:
    """Return what MLflow reads about passwords: who is not told otherwise may see nothing."""
    # Percent signs instead of what a folder's name may hold, newlines too; doubled, since this is an ini file.
    place = quote(str(users)).replace("%", "%%")
    database = f"sqlite:///file:{place}?uri=true"
    return f"[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = {database}\nadmin_username = {USER}\n"
