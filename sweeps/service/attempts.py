"""The starts of a sweep's process, as facts beside its results: `attempts/<n>.json`, and what it said, `<n>.log`."""

import json
from dataclasses import dataclass
from pathlib import Path

from sweeps.errors import StorageError
from sweeps.execution.storage import SweepFiles, write_once
from sweeps.service.logs import latest_log, tail

__all__ = ["Attempt", "begin_attempt", "known_at_starts", "last_words"]

LINES = 10
"""Lines of a log that tell why a sweep was given up."""


@dataclass(frozen=True)
class Attempt:
    """One start.

    Attributes:
        number: From 1.
        log: Where the process writes what it says.
    """

    number: int
    log: Path


def begin_attempt(files: SweepFiles, *, now_ms: int, known: int) -> Attempt:
    """Write down that a sweep is about to be started; for whoever holds the right to start it.

    Args:
        files: The sweep's.
        now_ms: The time, in milliseconds since 1970.
        known: Evaluations that have a result.

    Raises:
        StorageError: The disk is full, or an earlier start is damaged.
    """
    number = len(known_at_starts(files)) + 1
    path = files.attempts / f"{number}.json"
    write_once(path, json.dumps({"started_ms": now_ms, "known": known}).encode())
    return Attempt(number, path.with_suffix(".log"))


def known_at_starts(files: SweepFiles) -> list[int]:
    """Return how many evaluations had a result at each start.

    Raises:
        StorageError: What was written of a start is damaged.
    """
    known: list[int] = []
    while (told := files.read_json(path := files.attempts / f"{len(known) + 1}.json")) is not None:
        count = told.get("known")
        if not isinstance(count, int):
            raise StorageError(f"{path} must say how many results were `known`, but holds {told}. Restore the file.")
        known.append(count)
    return known


def last_words(files: SweepFiles, lines: int = LINES) -> str:
    """Return the last lines that the latest process said."""
    return tail(latest_log(files), lines)[0].decode("utf-8", "replace").rstrip()
