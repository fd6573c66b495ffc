"""One driver a sweep: the lease is a lock that the operating system releases when its holder dies, however it dies."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sweeps.errors import LeaseError, StorageError

__all__ = ["Holder", "hold_lease", "is_held", "read_holder", "take_lock"]

ATTEMPTS = 5


@dataclass(frozen=True)
class Holder:
    """Who holds a lease, as the holder says."""

    host: str
    pid: int
    since: str


@contextmanager
def hold_lease(path: Path) -> Iterator[IO[str]]:
    """Hold a sweep's lease; the file, which is yielded, says who has it and since when.

    Raises:
        LeaseError: Another live process holds it.
        StorageError: The file cannot be written.
    """
    file = take_lock(path)
    if file is None:
        raise LeaseError(_who_holds(path))
    with file:
        file.truncate(0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        file.write(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": since}))
        file.flush()
        yield file


def take_lock(path: Path) -> IO[str] | None:
    """Return a file that is locked for as long as it is open, here or in a process that inherits it; None if it was.

    Raises:
        StorageError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Python opens files so that programs started from here do not inherit them: the lock dies with this process.
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} must be writable, but {error.strerror}. Choose another home by --home.") from error
    if _lock(file):
        return file
    file.close()
    return None


def read_holder(path: Path) -> Holder | None:
    """Return who holds a lease, or None if nobody does or the holder has not said so yet."""
    if not is_held(path):
        return None
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Holder(str(told["host"]), int(told["pid"]), str(told["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


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
    """Lock a lease, several times if need be: others have it for a moment.

    They are whoever looks whether it is held (`is_held`), and the recorder of a driver that was killed, until it ends.
    """
    for _ in range(ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)  # a moment, as above
        else:
            return True
    return False


def _who_holds(path: Path) -> str:
    remedy = "Wait for it, or stop that process; this sweep continues where it was."
    holder = read_holder(path)
    known = f"process {holder.pid} on {holder.host} since {holder.since}" if holder else ""
    who = known or "a process that has only just started"
    return f"one driver runs a sweep at a time, but {path.parent.name} is held by {who}. {remedy}"
