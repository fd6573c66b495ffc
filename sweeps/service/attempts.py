"""The starts of a sweep's process, as facts beside its results: `attempts/<n>.json`, and what it said, `<n>.log`.

A later attempt fences out the earlier ones: whoever runs one ends as soon as the next was begun, or it was asked to.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from sweeps.errors import StorageError
from sweeps.execution.storage import SweepFiles, write_once
from sweeps.service.logs import latest_log, tail

__all__ = ["LINES", "Attempt", "begin_attempt", "known_at_starts", "last_words", "latest_attempt", "next_attempt"]

LINES = 10
"""Lines of a log that tell why a sweep was given up."""


@dataclass(frozen=True)
class Attempt:
    """One start.

    Attributes:
        files: The sweep's.
        number: From 1.
    """

    files: SweepFiles
    number: int

    @property
    def path(self) -> Path:
        """Says that it was begun."""
        return self.files.attempts / f"{self.number}.json"

    @property
    def job(self) -> str:
        """What its process is called where it runs, or empty.

        Raises:
            StorageError: What was written of the start is damaged.
        """
        return str((self.files.read_json(self.path) or {}).get("job", ""))

    @property
    def log(self) -> Path:
        """Where the process writes what it says; it is there once the process holds the sweep's lock."""
        return self.files.attempts / f"{self.number}.log"

    @property
    def may_run(self) -> bool:
        """Tell whether its process may go on: it was not asked to end, and no later attempt was begun."""
        return not self._stop.exists() and not Attempt(self.files, self.number + 1).path.exists()

    def ask_to_stop(self) -> None:
        """Have its process end, wherever it runs, as soon as it looks.

        Raises:
            StorageError: That cannot be written.
        """
        if not self._stop.exists():
            write_once(self._stop, b"")

    @property
    def _stop(self) -> Path:
        return self.files.attempts / f"{self.number}.stop"


def next_attempt(files: SweepFiles) -> Attempt:
    """Return the attempt that comes next, which is not begun yet.

    Raises:
        StorageError: An earlier start is damaged.
    """
    return Attempt(files, len(known_at_starts(files)) + 1)


def latest_attempt(files: SweepFiles) -> Attempt | None:
    """Return the latest attempt, or None before the first.

    Raises:
        StorageError: What was written of a start is damaged.
    """
    number = len(known_at_starts(files))
    return Attempt(files, number) if number else None


def begin_attempt(files: SweepFiles, *, now_ms: int, known: int, job: str = "") -> Attempt:
    """Write down that a sweep is started, and return the attempt; for whoever holds the right to start it.

    Args:
        files: The sweep's.
        now_ms: The time, in milliseconds since 1970.
        known: Evaluations that have a result.
        job: What its process is called where it runs, if it has a name there.

    Raises:
        StorageError: The disk is full, or an earlier start is damaged.
    """
    attempt = next_attempt(files)
    told = {"started_ms": now_ms, "known": known} | ({"job": job} if job else {})
    write_once(attempt.path, json.dumps(told).encode())
    return attempt


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
