"""Where things are on this machine: read from the environment and from the command line, never from a spec."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sweeps.errors import SweepError

__all__ = ["Settings", "available_cpus"]

STORES = ("http", "https", "sqlite", "postgresql", "mysql", "mssql")
"""How the address of a record begins: a server of MLflow's, or a database that it can open."""


@dataclass(frozen=True)
class Settings:
    """What differs between machines and changes no result.

    Attributes:
        home: Holds everything a sweep writes: `--home`, `$SWEEPS_HOME`, or `./sweeps-home`.
        data: Holds the folders `mnist` and `fashion-mnist`: `$SWEEPS_DATA`; None if it is not set.
        tracking_uri: MLflow's store or server: `$SWEEPS_TRACKING_URI`; None keeps the record in the home.
        experiment: Name of the sweep's experiment in the record: `$SWEEPS_EXPERIMENT`; None is the sweep's id.
        record_patience_seconds: How long a sweep that has ended waits for an MLflow that does not answer:
            `$SWEEPS_RECORD_PATIENCE`; the next run of the sweep catches up.
        ray_address: The Ray to join, for a process that it runs itself; None starts one of the sweep's own.
    """

    home: Path
    data: Path | None = None
    tracking_uri: str | None = None
    experiment: str | None = None
    record_patience_seconds: float = 60.0
    ray_address: str | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ, home: Path | None = None) -> "Settings":
        """Return the settings of this process; what is not set, or empty, has its default.

        Raises:
            SweepError: One of them cannot be meant; the text names the variable.
        """
        data = environment.get("SWEEPS_DATA")
        return cls(
            home=_folder(home or Path(environment.get("SWEEPS_HOME") or "sweeps-home"), "--home or $SWEEPS_HOME"),
            data=_folder(Path(data), "$SWEEPS_DATA") if data else None,
            tracking_uri=_tracking_uri(environment.get("SWEEPS_TRACKING_URI") or None),
            experiment=environment.get("SWEEPS_EXPERIMENT") or None,
            record_patience_seconds=_patience_seconds(environment.get("SWEEPS_RECORD_PATIENCE") or "60"),
        )


def available_cpus() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def _folder(path: Path, setting: str) -> Path:
    try:
        whole = path.resolve()
        is_other = whole.exists() and not whole.is_dir()
    except (OSError, RuntimeError) as error:  # a RuntimeError is a circle of symbolic links
        raise SweepError(f"{setting} must name a folder, but got {str(path)!r}: {error}. Name another.") from error
    if is_other:
        raise SweepError(f"{setting} must name a folder, but got {str(path)!r}, which is none. Name another.")
    return whole


def _tracking_uri(given: str | None) -> str | None:
    scheme, colon, _ = (given or "sqlite:").partition(":")
    if not colon or scheme.partition("+")[0] not in STORES:
        # The rest of an address may hold a password.
        rule = f"$SWEEPS_TRACKING_URI must begin with one of {', '.join(f'{store}:' for store in STORES)}"
        raise SweepError(
            f"{rule}, but got one that begins with {scheme[:20]!r}. Unset it to keep the record in the home."
        )
    return given


def _patience_seconds(given: str) -> float:
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        rule = "$SWEEPS_RECORD_PATIENCE must be a number of seconds, at least 0"
        raise SweepError(f"{rule}, but got {given!r}. Write it as 60, or unset it.")
    return seconds
