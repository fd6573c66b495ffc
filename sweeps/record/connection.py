"""The way to MLflow: the client, this process's settings of it, and the one error that people read when it is away.

MLflow takes over a second to import; it is imported by `connect` and by nobody before.
"""

import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sweeps.errors import StorageError, SweepError
from sweeps.execution.storage import Home
from sweeps.record.empty_store import make_empty_store

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["RecordError", "artifact_root", "connect", "record_errors", "shown_uri", "sqlite_file"]

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Standard output is the command's own, whose last line may be JSON; the making of tables is no news.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    # MLflow's own retries would keep silent for minutes, and repeat requests that make runs.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
"""Environment variables that MLflow reads, unless the user has set them."""

TABLES = ("pandas", "pyarrow", "scipy")
"""What MLflow keeps tables with, and no record needs: half a second and 100 MiB for as long as a process runs."""

LONGEST_CAUSE = 300
"""Characters of MLflow's own message that are shown; it likes to quote whole SQL statements."""


class RecordError(SweepError):
    """MLflow cannot be written now; nothing is lost, since the results are durable: record them again later."""


def connect(tracking_uri: str) -> "MlflowClient":
    """Import MLflow and open a store or server; a SQLite store that does not exist is made.

    Side effect: sets `SETTINGS` in the environment where they are not set.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    with _absent(TABLES):
        from mlflow import MlflowClient, __version__  # over a second to import

        file = sqlite_file(tracking_uri)
        if file is not None:
            make_empty_store(file, __version__)
        return MlflowClient(tracking_uri=tracking_uri)


def artifact_root(tracking_uri: str | None, home: Home) -> Path | None:
    """Return where new experiments keep their artifacts: in the home, or None for a server, which knows better.

    With a database alone MLflow would put them into `mlruns/` of whatever folder the process runs in.

    Args:
        tracking_uri: What was set; None keeps the record in the home.
        home: The home.
    """
    is_server = tracking_uri is not None and tracking_uri.startswith(("http:", "https:"))
    return None if is_server else home.artifacts


def sqlite_file(tracking_uri: str) -> Path | None:
    """Return the file of `sqlite:////path/mlflow.db`; None for a server, another database or one in memory."""
    scheme, _, path = tracking_uri.partition(":///")
    if scheme != "sqlite" or not path or path == ":memory:" or "?" in path:
        return None
    return Path(path)


def shown_uri(tracking_uri: str) -> str:
    """Return an address as messages and pages show it, without user and password."""
    return tracking_uri.replace(_credentials(tracking_uri), "")


@contextmanager
def record_errors(tracking_uri: str) -> Iterator[None]:
    """Turn what MLflow, its database and the disk raise into `RecordError`; everything else is a fault of ours.

    MLflow and SQLAlchemy are looked up only when something was raised.
    """
    try:
        yield
    except Exception as error:
        if not _is_outage(error):
            raise
        secret = _credentials(tracking_uri)
        cause = (str(error).strip() or "no reason given").splitlines()[0].replace(secret, "")[:LONGEST_CAUSE]
        raise RecordError(
            f"MLflow at {shown_uri(tracking_uri)} must be writable, but got {type(error).__name__}: {cause}. "
            "Results are kept; the record catches up when it is back"
        ) from error


@contextmanager
def _absent(names: Sequence[str]) -> Iterator[None]:
    """Have packages that are not imported yet found not to be installed, which MLflow gets on with."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None says that there is no such module
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def _is_outage(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error | StorageError | OSError):
        return True
    from mlflow.exceptions import MlflowException  # over a second to import
    from sqlalchemy.exc import SQLAlchemyError  # as above

    return isinstance(error, MlflowException | SQLAlchemyError)


def _credentials(uri: str) -> str:
    """Return the `user:password@` of an address, which messages must not show; empty if there is none."""
    return "".join(urlsplit(uri).netloc.rpartition("@")[:2])
