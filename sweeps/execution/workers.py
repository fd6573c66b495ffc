"""Who does what: the workers of a sweep, what each has in hand and what it does next, whoever runs them."""

from typing import Any, Protocol

from sweeps.search.search import Evaluation

__all__ = ["MOST_LOST", "Task", "WorkQueue", "Workers"]

SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0

MOST_LOST = 3
"""Workers in a row that may die before they are ready for anything."""

Task = Evaluation | float
"""What a worker does next: an evaluation, or a pause of so many seconds at a barrier."""


class WorkQueue(Protocol):
    """Where evaluations come from and where their ends are told; called on one thread."""

    def next_evaluation(self) -> Evaluation | None:
        """Return what to start next, or None while there is nothing to start."""

    @property
    def exhausted(self) -> bool:
        """Tell whether nothing will ever be started again."""

    @property
    def ready(self) -> bool:
        """Tell whether there is something to start now."""

    @property
    def expects_more(self) -> bool:
        """Tell whether the evaluations that run may make others ready."""

    def on_end(self, evaluation: Evaluation, *, trouble: str | None, died: bool) -> None:
        """Note that an evaluation has its result on disk, or could not be written, or that its worker died."""

    def on_trouble(self, trouble: str) -> None:
        """Note why no worker can take anything."""


class Workers:
    """The workers, by id, and what each does: nothing until it has come up.

    Args:
        queue: Where their tasks come from.
        most: How many there are at most.
        lost: What the queue is told when no worker comes up.
    """

    def __init__(self, queue: WorkQueue, most: int, lost: str) -> None:
        self.queue = queue
        self._most, self._lost = most, lost
        self._doing: dict[str, Task | None] = {}
        self._lost_in_a_row = 0
        self._pause_seconds = SHORTEST_PAUSE_SECONDS

    def __getstate__(self) -> dict[str, Any]:
        """Pickle as nothing: whoever runs them may write copies, which nobody reads."""
        return {}

    @property
    def another_wanted(self) -> bool:
        """Tell whether there may be one more worker and something for it to do."""
        return len(self._doing) < self._most and (self.queue.ready or self.queue.expects_more)

    def enter(self, worker: str) -> None:
        """Take in that a worker is asked for."""
        self._doing[worker] = None

    def next_task(self, worker: str, trouble: str | None) -> Task | None:
        """Take in that a worker has come up or has done its task, and return the next one, if there is any.

        Only now is it chosen, since what is best to do next is known when a worker is free.

        Args:
            worker: Its id.
            trouble: Why it could not come up, or its evaluation not be written down.
        """
        done = self._doing[worker]
        if isinstance(done, Evaluation):
            self.queue.on_end(done, trouble=trouble, died=False)
        elif trouble is not None:
            self.queue.on_trouble(trouble)
        self._lost_in_a_row = 0
        task: Task | None = self.queue.next_evaluation()
        if task is not None:
            self._pause_seconds = SHORTEST_PAUSE_SECONDS
        elif self.queue.expects_more:
            task, self._pause_seconds = self._pause_seconds, min(1.25 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
        self._doing[worker] = 0.0 if task is None else task
        return task

    def leave(self, worker: str, *, died: bool) -> None:
        """Take in that a worker is no more."""
        left = self._doing.pop(worker)
        if died and isinstance(left, Evaluation):
            self.queue.on_end(left, trouble=None, died=True)
        elif died and left is None:
            self._lost_in_a_row += 1
            if self._lost_in_a_row == MOST_LOST:
                self.queue.on_trouble(self._lost)
