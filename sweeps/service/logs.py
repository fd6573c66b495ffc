"""What a sweep's process says: the last lines of its latest attempt, and every line from now on."""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio

from sweeps.execution.storage import SweepFiles

__all__ = ["follow", "latest_log", "tail"]

POLL_SECONDS = 0.5

BLOCK_BYTES = 65_536

MOST_TAIL_BYTES = 4_194_304
"""However long lines are, a tail reads no more than this."""


def latest_log(files: SweepFiles) -> Path | None:
    """Return the log of the latest attempt, or None before the first."""
    logs = [path for path in files.attempts.glob("*.log") if path.stem.isdecimal()]
    return max(logs, key=lambda path: int(path.stem), default=None)


def tail(path: Path | None, lines: int) -> tuple[bytes, int]:
    """Return the last lines of a log, and where in the file they end."""
    if path is None:
        return b"", 0
    with path.open("rb") as file:
        end = position = file.seek(0, os.SEEK_END)
        found = b""
        while position and found.count(b"\n") <= lines and len(found) < MOST_TAIL_BYTES:
            step = min(BLOCK_BYTES, position)
            position = file.seek(position - step)
            found = file.read(step) + found
    return b"".join(found.splitlines(keepends=True)[-lines:]), end


async def follow(files: SweepFiles, lines: int, is_active: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Yield the last lines, then whatever is added, over all attempts to come, until the sweep rests.

    Args:
        files: The sweep's.
        lines: How many of those there are to begin with.
        is_active: Tells whether there may be more; asked often.
    """
    path = latest_log(files)
    found, position = tail(path, lines)
    yield found
    while True:
        was_active = is_active()
        if path is not None:
            while added := _read(path, position):
                position += len(added)
                yield added
        newest = latest_log(files)
        if newest != path:
            path, position = newest, 0
        elif was_active:
            await anyio.sleep(POLL_SECONDS)
        else:
            return


def _read(path: Path, position: int) -> bytes:
    with path.open("rb") as file:
        file.seek(position)
        return file.read(BLOCK_BYTES)
