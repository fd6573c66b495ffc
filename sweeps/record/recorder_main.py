"""The process that records a sweep, apart from the driver: it obeys orders on standard input, a line of JSON each.

MLflow takes two seconds to import and much to speak to, and Python does one thing at a time: in the driver it would
keep workers waiting. Whatever is ordered may be ordered again, by a driver whose recorder died or by the next one.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sweeps.errors import StorageError
from sweeps.execution.bound_process import end_with_parent
from sweeps.execution.storage import Home
from sweeps.record.recorder import Recorder, SweepFacts
from sweeps.record.sweep_record import SweepRecord

__all__ = ["Order", "RecorderSetup", "main"]

NICENESS = 5
"""Whoever trains or hands out work goes first; a third of a core is left to recording, more than it needs."""

Order = dict[str, Any]
"""What is to be done (`do`), and with what."""


@dataclass(frozen=True)
class RecorderSetup:
    """What the recorder of a sweep must know: the first line that it reads.

    Attributes:
        home: The home.
        sweep_id: The sweep.
        tracking_uri: MLflow's store or server.
        artifacts: Where a new experiment's folder of artifacts is made; None leaves it to the server.
        facts: What the record says about the sweep as a whole.
        tensorboard: Whether TensorBoard's files are written too.
    """

    home: Path
    sweep_id: str
    tracking_uri: str
    artifacts: Path | None
    facts: SweepFacts
    tensorboard: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        artifacts = None if self.artifacts is None else str(self.artifacts)
        return {**asdict(self), "home": str(self.home), "artifacts": artifacts}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "RecorderSetup":
        """Read what `as_json` returned."""
        facts: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in told["facts"].items()
        }
        artifacts = None if told["artifacts"] is None else Path(told["artifacts"])
        return cls(**{**told, "home": Path(told["home"]), "artifacts": artifacts, "facts": SweepFacts(**facts)})


def main() -> None:
    """Record what is ordered until the input ends; whatever else is printed goes to standard error."""
    end_with_parent(signal.SIGKILL)
    os.nice(NICENESS)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    speaking = threading.Lock()

    def say(kind: str, value: object) -> None:
        with speaking:
            print(json.dumps({kind: value}), file=answers, flush=True)

    setup = RecorderSetup.from_json(json.loads(sys.stdin.readline()))
    record = _open(setup, lambda trouble: say("trouble", trouble))
    try:
        for line in sys.stdin:
            order = json.loads(line)
            answer = _obey(record, order)
            if answer is not None:
                say("answer", {**answer, "number": order["number"]})
    finally:
        record.close()
    os._exit(0)  # taking MLflow apart would take a second


def _open(setup: RecorderSetup, on_trouble: Callable[[str], None]) -> SweepRecord:
    files = Home(setup.home).sweep(setup.sweep_id)
    recorder = Recorder(setup.tracking_uri, setup.artifacts, setup.facts)
    if not setup.tensorboard:
        return SweepRecord(recorder, files, on_trouble)
    from sweeps.record.tensorboard import EventFiles  # half a second of imports

    return SweepRecord(recorder, files, on_trouble, EventFiles(files, setup.facts.objective))


def _obey(record: SweepRecord, order: Order) -> dict[str, Any] | None:
    """Carry out an order and return the answer, if it asks for one."""
    match order:
        case {"do": "take", "trial": trial, "rung": rung}:
            result = record.files.read_result(trial, rung)
            if result is None:
                raise StorageError(f"{record.files.result(trial, rung)} must exist before it is recorded")
            record.take(result)
        case {"do": "close_trial", "trial": trial, "status": status, "why": why}:
            record.close_trial(trial, status=status, why=why)
        case {"do": "finish", "status": status, "metrics": metrics, "artifacts": artifacts}:
            record.finish(status=status, metrics=metrics, artifacts=[Path(path) for path in artifacts])
        case {"do": "drain", "patience_seconds": patience_seconds}:
            return {"drained": record.drain(patience_seconds)}
        case {"do": "run_id", "trial": trial}:
            return {"run_id": record.run_id(trial)}
        case _:
            raise ValueError(f"an order must be one that `RecorderProcess` gives, but got {order}")
    return None


if __name__ == "__main__":
    main()
