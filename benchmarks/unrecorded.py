"""`sweeps run` with a record that does nothing: what a sweep takes when nobody records it.

    python -m benchmarks.unrecorded examples/digits-beta-vae.yaml --home HOME --workers 2 --json

Takes what `sweeps run` takes. For measurements alone: a sweep of the product is always recorded.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from sweeps import driver
from sweeps.cli import app
from sweeps.execution.result import EvaluationResult
from sweeps.record.recorder import EndStatus

__all__ = ["NoRecord", "main"]


class NoRecord:
    """Has the methods of `SweepRecord` and records nothing."""

    trouble = ""

    def take(self, result: EvaluationResult) -> None:
        """Let an evaluation go unrecorded."""

    def close_trial(self, trial: int, *, status: EndStatus, why: str) -> None:
        """Let the end of a trial go unrecorded."""

    def finish(self, *, status: EndStatus, metrics: dict[str, float], artifacts: Sequence[Path]) -> None:
        """Let the end of the sweep go unrecorded."""

    def drain(self, timeout_seconds: float) -> bool:
        """Tell that nothing waits to be recorded."""
        return True

    def run_id(self, trial: int) -> None:
        """Tell that a trial has no MLflow run."""

    def close(self) -> None:
        """End, with nothing to end."""


def main() -> None:
    """Run a sweep in this process, unrecorded."""
    with patch.object(driver, "_open_record", return_value=NoRecord()):
        app(["run", *sys.argv[1:]])


if __name__ == "__main__":
    main()
