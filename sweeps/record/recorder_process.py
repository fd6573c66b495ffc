"""The driver's hold on the process that records: tells it what becomes of the sweep, and replaces it if it dies.

Owns that process and the list of what it was told, all of which may be done again: a process that takes its place is
told everything from the beginning, and finds in MLflow what is there already.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO

from sweeps.execution.result import EvaluationResult
from sweeps.record import recorder_main
from sweeps.record.background import CLOSING_SECONDS
from sweeps.record.recorder import EndStatus
from sweeps.record.recorder_main import Order, RecorderSetup

__all__ = ["MAX_DEATHS", "RecorderProcess"]

MAX_DEATHS = 3
"""Processes that may die before the rest is left to the next run of the sweep."""


class RecorderProcess:
    """Has the methods of `SweepRecord`, and like it never keeps its caller waiting, but for `drain` and `run_id`.

    Attributes:
        trouble: Why the record is behind, or empty.
    """

    def __init__(self, setup: RecorderSetup, log: Path, lease: IO[str]) -> None:
        """Start the process, at the side of whatever the caller does next.

        Side effects: it is in a session of its own, so that Ctrl-C does not end it, and holds the lease too, so that
        nobody else records the sweep before it has ended; should this process be killed, the system ends it.

        Args:
            setup: What it must know.
            log: Where its last words are added.
            lease: The lease of the sweep, held.
        """
        self.trouble = ""
        self._setup, self._log, self._lease = setup, log, lease
        self._orders: list[Order] = []
        self._question: Order | None = None
        self._asked = 0
        self._answers: SimpleQueue[Order] = SimpleQueue()
        self._process: subprocess.Popen[str] | None = None
        self._given_up = self._closing = False
        self._telling, self._asking = threading.Lock(), threading.Lock()
        # The system ends the process with the thread that started it: one thread starts and hears all of them.
        self._thread = threading.Thread(target=self._keep_running, name="recorder", daemon=True)
        self._thread.start()

    def take(self, result: EvaluationResult) -> None:
        """Record an evaluation, whose result is on disk."""
        self._tell({"do": "take", "trial": result.trial, "rung": result.rung})

    def close_trial(self, trial: int, *, status: EndStatus, why: str) -> None:
        """Record that a trial goes no further."""
        self._tell({"do": "close_trial", "trial": trial, "status": status, "why": why})

    def finish(self, *, status: EndStatus, metrics: dict[str, float], artifacts: Sequence[Path]) -> None:
        """Record how the sweep ended."""
        paths = [str(path) for path in artifacts]
        self._tell({"do": "finish", "status": status, "metrics": metrics, "artifacts": paths})

    def drain(self, patience_seconds: float) -> bool:
        """Wait until everything is recorded, and tell whether it is, as `SweepRecord.drain` does."""
        return self._ask({"do": "drain", "patience_seconds": patience_seconds}).get("drained", False) is True

    def run_id(self, trial: int) -> str | None:
        """Return the MLflow run of a trial, or None while MLflow is away."""
        return self._ask({"do": "run_id", "trial": trial}).get("run_id")

    def close(self) -> None:
        """End the process; what is not recorded yet is recorded when the sweep is run again."""
        with self._telling:
            self._closing, process = True, self._process
        if process is not None and process.stdin is not None:
            with suppress(BrokenPipeError):  # it has just died
                process.stdin.close()
            try:
                process.wait(2 * CLOSING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join()

    def _tell(self, order: Order) -> None:
        with self._telling:
            self._orders.append(order)
            self._write(order)

    def _ask(self, question: Order) -> Order:
        with self._asking:
            with self._telling:
                if self._given_up:
                    return {}
                self._asked += 1
                self._question = {**question, "number": self._asked}
                self._write(self._question)
            while (answer := self._answers.get()).get("number", self._asked) != self._asked:
                pass  # an answer that nobody waited for: Ctrl-C, or a process that died when it had answered
            self._question = None
            return answer

    def _write(self, *lines: Order) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it has died; the one that takes its place is told everything
                self._process.stdin.write("".join(f"{json.dumps(line)}\n" for line in lines))
                self._process.stdin.flush()

    def _keep_running(self) -> None:
        for _ in range(MAX_DEATHS):
            with self._telling:
                if self._closing:
                    return
                try:
                    process = self._process = self._launch()
                except OSError:
                    continue
                self._write(self._setup.as_json(), *self._orders, *([self._question] if self._question else []))
            self._hear(process)
        with self._telling:
            self._given_up = True
            if not self._closing:
                self.trouble = (
                    f"the process that records must run, but ended {MAX_DEATHS} times; its last words are in "
                    f"{self._log}. Results are kept; running the sweep again records what is missing"
                )
            self._answers.put({})

    def _launch(self) -> subprocess.Popen[str]:
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603  # our own words, no shell
                [sys.executable, "-P", "-m", recorder_main.__name__],  # -P: nothing is imported from the present folder
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                pass_fds=[self._lease.fileno()],
                start_new_session=True,
            )

    def _hear(self, process: subprocess.Popen[str]) -> None:
        """Take in what a process says, until it has ended."""
        for line in process.stdout or ():
            with suppress(ValueError):  # it died in the middle of a line
                said = json.loads(line)
                if "answer" in said:
                    self._answers.put(said["answer"])
                else:
                    self.trouble = said["trouble"]
        with self._telling, suppress(BrokenPipeError), process:  # it may have died with something left to read
            self._process = None
