"""What the service asks of whatever runs sweeps: `local_executor` has processes here, `ray_executor` jobs of Ray's."""

from typing import Protocol

from sweeps.execution.storage import SweepFiles

__all__ = ["PATIENCE_SECONDS", "Executor"]

PATIENCE_SECONDS = 120.0
"""How long a process that was asked to end may take: it records what it has, and MLflow may be away."""


class Executor(Protocol):
    """Starts and stops the processes of sweeps, one a sweep, and finds those that another service started."""

    def start(self, ref: str, files: SweepFiles) -> bool:
        """Start a sweep and return True, or return False if it has a process already.

        Each start that was made is an attempt, written down; one that could not be made is none.

        Raises:
            SweepError: The attempt cannot be written down, or what runs sweeps does not answer.
            OSError: The machine cannot start a process.
        """

    def is_running(self, files: SweepFiles) -> bool:
        """Tell whether a process runs a sweep, or is about to, or may do so as far as can be told."""

    def stop(self, files: SweepFiles) -> None:
        """Ask the process of a sweep to end; end it if it has not for two minutes. Either loses nothing.

        To be asked again until it has ended.

        Raises:
            SweepError: It cannot be asked.
        """

    def tail(self, files: SweepFiles, lines: int) -> str:
        """Return the last lines that the latest process of a sweep said."""

    def health(self) -> str:
        """Return "ok", or why nothing can be started."""
