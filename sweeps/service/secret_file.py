"""Secrets of the service's own: each a file that is made once and read by its owner alone."""

import secrets
from pathlib import Path

from sweeps.errors import StorageError
from sweeps.execution.storage import write_once

__all__ = ["secret_of"]

OWNER_ONLY = 0o600


def secret_of(path: Path) -> str:
    """Return the secret that a file holds, 256 random bits in hexadecimal digits; make it if there is none.

    Raises:
        StorageError: The file cannot be written or read.
    """
    write_once(path, secrets.token_hex(32).encode(), mode=OWNER_ONLY)
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} must be readable, but {error.strerror}. Mend the file.") from error
