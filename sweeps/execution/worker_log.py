"""What a worker says of an evaluation, in a file that outlives it: even a segmentation fault leaves its trace."""

import faulthandler
import os
import socket
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["logged_to"]

STANDARD_ERROR = 2
"""Its file descriptor: faults are written even where `sys.stderr` has been replaced."""


@contextmanager
def logged_to(path: Path) -> Iterator[None]:
    """Append begin, end and any error of what runs inside to a log.

    A log that ends without an end line belongs to a worker that was killed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", buffering=1) as log:
        faulthandler.enable(log)
        print(f"{_now()} begun by process {os.getpid()} on {socket.gethostname()}", file=log)
        try:
            yield
        except BaseException:
            traceback.print_exc(file=log)
            raise
        else:
            print(f"{_now()} ended", file=log)
        finally:
            faulthandler.enable(STANDARD_ERROR)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
