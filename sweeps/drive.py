"""The work of one sweep: what starts next, what a result means, what is recorded and what is thrown away.

Sits between the search and Ray Tune and keeps no state of its own: everything follows from the result files.
"""

import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from models.hyperparameters import defaults
from models.rule import Value
from sweeps.errors import StorageError
from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import SweepFiles
from sweeps.interruption import Interruption
from sweeps.progress import Computed, Progress, take_stock
from sweeps.record.recorder import EndStatus
from sweeps.search.search import Ending, Evaluation, Outcome, Search
from sweeps.spec import SweepSpec

__all__ = ["Drive", "TrialRecord"]

MAX_DEATHS = 3
"""Workers that may die on an evaluation before its trial has failed."""

Key = tuple[int, int]
"""A trial and a rung."""


class TrialRecord(Protocol):
    """Where it is told what becomes of trials."""

    @property
    def trouble(self) -> str:
        """Why it is behind, or empty."""

    def take(self, result: EvaluationResult) -> None:
        """Record an evaluation."""

    def close_trial(self, trial: int, *, status: EndStatus, why: str) -> None:
        """Record that a trial goes no further."""


@dataclass
class Drive:
    """A `WorkQueue` for Tune.

    Attributes:
        spec: The sweep's spec.
        files: Where its results are.
        search: Decides.
        record: Is told everything.
        workers: How many workers there are.
        watch: Called with the progress whenever it changes.
        interruption: Once it is asked for, no more evaluations are started.
        on_last: Called once, when a worker is free and every evaluation that will ever be is done or in hand.
        trouble: Why no more evaluations are started: the storage cannot be written; None while all is well.
    """

    spec: SweepSpec
    files: SweepFiles
    search: Search
    record: TrialRecord
    workers: int
    watch: Callable[[Progress], None]
    interruption: Interruption = field(default_factory=Interruption)
    on_last: Callable[[], object] = lambda: None
    trouble: str | None = None
    _running: set[Key] = field(default_factory=set, init=False)
    _computed: Computed = field(default=Computed(), init=False)
    _closed: set[int] = field(default_factory=set, init=False)
    _deaths: Counter[Key] = field(default_factory=Counter, init=False)
    _ended: bool = field(default=False, init=False)
    _all_handed_out: bool = field(default=False, init=False)

    def replay(self) -> None:
        """Take in every result that earlier runs left.

        Raises:
            StorageError: A file is damaged, or holds the result of another configuration.
        """
        results, endings = list(self.files.results()), list[Ending]()
        for result in results:
            if not self.search.ladder.holds(result.trial, result.rung):
                raise self._foreign(result)
            endings += self.search.tell(_outcome(result))
        for result in results:
            configuration = self.search.configuration(result.trial)
            # A result whose bracket is not certain yet, since an earlier file was moved away, is checked when it is.
            if configuration is not None and self.spec.hyperparameters(configuration) != self._written_out(result):
                raise self._foreign(result)
            self.record.take(result)
        self._close(endings)
        self.show()

    def next_evaluation(self) -> Evaluation | None:
        """Return what to start next, or None while there is nothing to start."""
        evaluation = None if self._ends_early else self.search.ask()
        if evaluation is not None:
            self._running.add((evaluation.trial, evaluation.rung))
        elif not (self._all_handed_out or self._ends_early or self.search.expects_more):
            self._all_handed_out = True
            self.on_last()
        if evaluation is not None or self._ended:
            self._ended = False
            self.show()
        return evaluation

    @property
    def exhausted(self) -> bool:
        """Tell whether nothing will ever be started again."""
        return self._ends_early or self.search.finished

    @property
    def ready(self) -> bool:
        """Tell whether there is something to start."""
        return not self._ends_early and self.search.ready

    @property
    def expects_more(self) -> bool:
        """Tell whether the evaluations that run may make others ready."""
        return not self._ends_early and self.search.expects_more

    def on_end(self, evaluation: Evaluation, *, trouble: str | None, died: bool) -> None:
        """Take in the end of an evaluation: its result, the death of its worker, or that it could not be written."""
        self._running.discard((evaluation.trial, evaluation.rung))
        try:
            result = self.files.read_result(evaluation.trial, evaluation.rung)
            if result is None and died:
                result = self._mourn(evaluation)
        except StorageError as error:
            trouble = str(error)
        else:
            if result is not None:
                self._take(result)
            elif not died and trouble is None:
                trouble = f"{self.files.result(evaluation.trial, evaluation.rung)} must exist, but does not."
        self.trouble = self.trouble or trouble
        self._ended = True  # shown with what its worker does next, which is asked for at once

    def on_trouble(self, trouble: str) -> None:
        """Note why no worker can take anything."""
        self.trouble = self.trouble or trouble

    def show(self) -> None:
        """Tell the watcher how things stand."""
        stock = take_stock(
            self.files.sweep_id,
            self.search.halvings,
            running=self._running,
            computed=self._computed,
            workers=self.workers,
        )
        self.watch(replace(stock, trouble=self.record.trouble))

    def close_undecided(self) -> None:
        """Record that the trials in hand were interrupted; the next run takes them up again."""
        for trial in sorted({outcome.trial for outcome in self.search.outcomes} - self._closed):
            self.record.close_trial(trial, status="KILLED", why="interrupted; running the sweep again continues it")

    @property
    def _ends_early(self) -> bool:
        return self.trouble is not None or self.interruption.asked

    def _take(self, result: EvaluationResult) -> None:
        endings = self.search.tell(_outcome(result))
        epochs = self.search.ladder.bracket_of(result.trial).epochs_to_train(result.rung)
        self._computed = self._computed.plus(epochs=epochs, seconds=(result.ended - result.started) / 1000)
        self.record.take(result)
        if result.rung:
            self.files.checkpoint(result.trial, result.rung - 1).unlink(missing_ok=True)
        self._close(endings)

    def _mourn(self, evaluation: Evaluation) -> EvaluationResult | None:
        """Have an evaluation whose worker died repeated, or give it up at the third death.

        Tune's own retries are not used: it does not repeat a trial whose worker dies before its first step.
        """
        self._deaths[evaluation.trial, evaluation.rung] += 1
        if self._deaths[evaluation.trial, evaluation.rung] < MAX_DEATHS:
            self.search.take_back(evaluation)
            return None
        return self.files.write_result(self._failed(evaluation))

    def _close(self, endings: Sequence[Ending]) -> None:
        """Record that trials have ended, and remove checkpoints that nothing will be continued from."""
        for ending in endings:
            trial, rung = ending.last.trial, ending.last.rung
            self._closed.add(trial)
            status: EndStatus = "FAILED" if ending.last.mean is None else "FINISHED"
            self.record.close_trial(trial, status=status, why=self._why(ending))
            if not ending.at_top:
                self.files.checkpoint(trial, rung).unlink(missing_ok=True)

    def _why(self, ending: Ending) -> str:
        trial, rung = ending.last.trial, ending.last.rung
        if ending.last.mean is None:
            result = self.files.read_result(trial, rung)
            return result.reason if result else "failed"
        if ending.at_top:
            return "reached the top rung"
        bracket = self.search.ladder.bracket_of(trial)
        entrants = self.search.entrants(bracket, rung) or ()
        place = f"rank {ending.place} of {len(entrants)} at {bracket.rungs[rung].epochs} epochs"
        return f"{place}, of which {bracket.rungs[rung + 1].trials} go on"

    def _failed(self, evaluation: Evaluation) -> EvaluationResult:
        now = time.time_ns() // 1_000_000
        log = self.files.log(evaluation.trial, evaluation.rung)
        return EvaluationResult(
            sweep_id=self.files.sweep_id,
            trial=evaluation.trial,
            bracket=evaluation.bracket,
            rung=evaluation.rung,
            epochs=evaluation.epochs,
            hyperparameters=self.spec.hyperparameters(evaluation.configuration),
            state="failed",
            reason=f"{MAX_DEATHS} workers died or raised an error on it; their last words are in {log}",
            folds=[],
            scores={},
            curves={},
            first_epoch=evaluation.epochs,
            epoch_times=[],
            started=now,
            ended=now,
            train_seconds=0.0,
            score_seconds=0.0,
            checkpoint_sha256="",
            worker=f"{socket.gethostname()}:{os.getpid()}",
        )

    def _written_out(self, result: EvaluationResult) -> dict[str, Value]:
        """Return the configuration of a result; what its model has got since defaults to what was done without it."""
        return {**defaults(self.spec.model), **result.hyperparameters}

    def _foreign(self, result: EvaluationResult) -> StorageError:
        path = self.files.result(result.trial, result.rung)
        return StorageError(
            f"{path}: a result must be of the configuration that the search draws for its trial, but it is of another. "
            "It was written by another version of the program: choose a new home by --home, or move the file away."
        )


def _outcome(result: EvaluationResult) -> Outcome:
    return Outcome(result.trial, result.rung, tuple(result.folds))
