"""The way to MLflow: the client, this process's settings of it, and the one error that people read when it is away.

MLflow takes over a second to import; it is imported by `connect` and by nobody before.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from sweeps.errors import SweepError

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["RecordError", "connect", "record_errors"]

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # MLflow's own retries would keep silent for minutes, and repeat requests that make runs.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
"""Environment variables that MLflow reads, unless the user has set them."""

LONGEST_CAUSE = 300
"""Characters of MLflow's own message that are shown; it likes to quote whole SQL statements."""


class RecordError(SweepError):
    """MLflow cannot be written now; nothing is lost, since the results are durable: record them again later."""


def connect(tracking_uri: str) -> "MlflowClient":
    """Import MLflow and open a store or server; a fresh SQLite store is made, which takes another second.

    Side effect: sets `SETTINGS` in the environment where they are not set.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient  # noqa: PLC0415  # over a second to import

    return MlflowClient(tracking_uri=tracking_uri)


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
        cause = (str(error).strip() or type(error).__name__).splitlines()[0][:LONGEST_CAUSE]
        raise RecordError(
            f"MLflow at {_without_password(tracking_uri)} must be writable, but got {type(error).__name__}: {cause}. "
            "Results are kept; the record catches up when it is back"
        ) from error


def _is_outage(error: Exception) -> bool:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415  # over a second to import
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  # as above

    return isinstance(error, MlflowException | SQLAlchemyError | OSError)


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
