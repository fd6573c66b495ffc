"""One driver a sweep: the lease is a lock that the operating system releases when its holder dies, however it dies."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sweeps.errors import LeaseError, StorageError

__all__ = ["hold_lease", "is_held"]

ATTEMPTS = 5


@contextmanager
def hold_lease(path: Path) -> Iterator[None]:
    """Hold a sweep's lease; the file says who has it and since when.

    Raises:
        LeaseError: Another live process holds it.
        StorageError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Python opens files so that programs started from here do not inherit them: the lock dies with this process.
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} must be writable, but {error.strerror}. Choose another home by --home.") from error
    with file:
        if not _lock(file):
            raise LeaseError(_who_holds(path))
        file.truncate(0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        file.write(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": since}))
        file.flush()
        yield


def is_held(path: Path) -> bool:
    """Tell whether a live process holds a lease."""
    try:
        with path.open("r", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def _lock(file: IO[str]) -> bool:
    """Lock a lease, several times if need be: whoever looks whether it is held has it for a moment (`is_held`)."""
    for _ in range(ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False


def _who_holds(path: Path) -> str:
    remedy = "Wait for it, or stop that process; this sweep continues where it was."
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        who = f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError):
        who = "a process that has only just started"
    return f"one driver runs a sweep at a time, but {path.parent.name} is held by {who}. {remedy}"
