"""MLflow's pages for a service: on loopback, over the record in the home, behind a password of their own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sweeps.execution.storage import Home, write_atomically
from sweeps.record.local_server import LocalServer, loopback, serve
from sweeps.record.pages import SERVER_ENVIRONMENT
from sweeps.service.secret_file import secret_of

__all__ = ["USER", "RecordServer", "serve_record"]

USER = "admin"

OWNER_ONLY = 0o600


@dataclass(frozen=True)
class RecordServer:
    """Where MLflow's pages are.

    Attributes:
        url: Their address.
        password_file: Holds the password of `USER`.
        pid: Their process.
    """

    url: str
    password_file: Path
    pid: int


@contextmanager
def serve_record(home: Home, port: int) -> Iterator[RecordServer]:
    """Serve the record of a home that has one.

    Side effects: starts `mlflow server` in a process group of its own and ends it afterwards; password, key, users and
    log lie in `<home>/service`.

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
    with serve(LocalServer("MLflow", tuple(command), address, "health", log, environment)) as process:
        yield RecordServer(address, password, process.pid)


def _settings(users: Path) -> str:
    """Return what MLflow reads about passwords: who is not told otherwise may see nothing."""
    # Percent signs instead of what a folder's name may hold, newlines too; doubled, since this is an ini file.
    place = quote(str(users)).replace("%", "%%")
    database = f"sqlite:///file:{place}?uri=true"
    return f"[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = {database}\nadmin_username = {USER}\n"
