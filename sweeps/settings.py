"""Where things are on this machine: read from the environment and from the command line, never from a spec."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Settings", "available_cpus"]


@dataclass(frozen=True)
class Settings:
    """What differs between machines and changes no result.

    Attributes:
        home: Holds everything a sweep writes: `--home`, `$SWEEPS_HOME`, or `./sweeps-home`.
        data: Holds the folders `mnist` and `fashion-mnist`: `$SWEEPS_DATA`; None if it is not set.
        tracking_uri: MLflow's store or server: `$SWEEPS_TRACKING_URI`; None keeps the record in the home.
        record_patience_seconds: How long a sweep that has ended waits for an MLflow that does not answer:
            `$SWEEPS_RECORD_PATIENCE`; the next run of the sweep catches up.
    """

    home: Path
    data: Path | None = None
    tracking_uri: str | None = None
    record_patience_seconds: float = 60.0

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ, home: Path | None = None) -> "Settings":
        """Return the settings of this process."""
        data = environment.get("SWEEPS_DATA")
        return cls(
            home=(home or Path(environment.get("SWEEPS_HOME") or "sweeps-home")).resolve(),
            data=Path(data).resolve() if data else None,
            tracking_uri=environment.get("SWEEPS_TRACKING_URI") or None,
            record_patience_seconds=float(environment.get("SWEEPS_RECORD_PATIENCE") or 60.0),
        )


def available_cpus() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))
