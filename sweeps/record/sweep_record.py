"""The record of a running sweep: what becomes of it, in order, is written by a recorder in the background."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import SweepFiles
from sweeps.record.background import BackgroundRecorder
from sweeps.record.recorder import EndStatus, Recorder

if TYPE_CHECKING:
    from sweeps.record.tensorboard import EventFiles

__all__ = ["SweepRecord"]

POLL_SECONDS = 0.5


@dataclass
class SweepRecord:
    """Never keeps its caller waiting, but for `drain`.

    Attributes:
        recorder: Writes to MLflow.
        files: Where samples are.
        on_trouble: Called, on another thread, with why the record is behind, and with "" when it no longer is.
        events: What TensorBoard reads; None if the spec does not ask for it.
        trouble: Why the record is behind, or empty.
    """

    recorder: Recorder
    files: SweepFiles
    on_trouble: Callable[[str], None] = lambda _: None
    events: "EventFiles | None" = None
    trouble: str = ""
    _background: BackgroundRecorder = field(init=False)
    _opened: threading.Event = field(default_factory=threading.Event, init=False)

    def __post_init__(self) -> None:
        self._background = BackgroundRecorder(self._note_trouble)
        self._background.submit(self._open)

    def take(self, result: EvaluationResult) -> None:
        """Record an evaluation."""
        if self.events is not None:
            events = self.events
            self._background.submit(lambda: events.write(result))
        samples = self.files.samples(result.trial, result.rung)
        self._background.submit(lambda: self.recorder.record(result, samples if samples.exists() else None))

    def close_trial(self, trial: int, *, status: EndStatus, why: str) -> None:
        """Record that a trial goes no further."""
        self._background.submit(lambda: self.recorder.close_trial(trial, status=status, why=why))

    def finish(self, *, status: EndStatus, metrics: dict[str, float], artifacts: Sequence[Path]) -> None:
        """Record how the sweep ended."""
        self._background.submit(lambda: self.recorder.finish(status=status, metrics=metrics, artifacts=artifacts))

    def drain(self, patience_seconds: float) -> bool:
        """Wait until everything is recorded, and tell whether it is.

        Args:
            patience_seconds: How long to wait while MLflow does not answer; as long as it does, there is no limit.
        """
        deadline = time.monotonic() + patience_seconds
        while not self._background.drain(POLL_SECONDS):
            if not self.trouble:
                deadline = time.monotonic() + patience_seconds
            elif time.monotonic() > deadline:
                return False
        return True

    def run_id(self, trial: int) -> str | None:
        """Return the MLflow run of a trial, or None while MLflow is away."""
        return self.recorder.run_id(trial) if self._opened.is_set() else None

    def close(self) -> None:
        """End the background thread; what is not recorded yet is recorded when the sweep is run again."""
        self._background.close()

    def _open(self) -> None:
        self.recorder.open()
        self._opened.set()

    def _note_trouble(self, message: str | None) -> None:
        self.trouble = message or ""
        self.on_trouble(self.trouble)
