"""A queue of evaluations in memory, and workers that have just come up; a real queue needs a sweep on disk."""

from dataclasses import dataclass, field

from sweeps.execution.workers import Workers
from sweeps.search.search import Evaluation

__all__ = ["Queue", "evaluation", "two_workers"]


@dataclass
class Queue:
    """Work that is ready, and whether there may be more."""

    waiting: list[Evaluation]
    expects_more: bool = True
    ended: list[tuple[int, bool]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    _handed_out: int = 0

    @property
    def exhausted(self) -> bool:
        return bool(self.troubles) or not (self.waiting or self.expects_more or self._handed_out > len(self.ended))

    @property
    def ready(self) -> bool:
        return bool(self.waiting)

    def next_evaluation(self) -> Evaluation | None:
        if not self.waiting:
            return None
        self._handed_out += 1
        return self.waiting.pop(0)

    def on_end(self, evaluation: Evaluation, *, trouble: str | None, died: bool) -> None:
        self.ended.append((evaluation.trial, died))

    def on_trouble(self, trouble: str) -> None:
        self.troubles.append(trouble)


def evaluation(trial: int) -> Evaluation:
    return Evaluation(trial, 0, 0, 1, {"beta": 1.0})


def two_workers(*, waiting: int) -> tuple[Queue, Workers]:
    """Return two workers that have just come up, and their queue."""
    queue = Queue([evaluation(trial) for trial in range(waiting)])
    workers = Workers(queue, most=2, lost="none comes up")
    for worker in "ab":
        workers.enter(worker)
    return queue, workers
