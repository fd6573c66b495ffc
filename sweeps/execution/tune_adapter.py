"""Ray Tune runs the evaluations: the only file that knows Tune.

Tune's searcher is a thin shell around `Search`, its scheduler first in, first out: no pausing, no checkpoints and no
restoring of Tune's. A trial of Tune's is one evaluation; actors are reused and keep their workbench.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from ray import tune
from ray.tune.execution.class_cache import DEFAULT_ENV_VARS
from ray.tune.registry import _global_registry
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher

from sweeps.errors import StorageError
from sweeps.execution.supplies import Supplies
from sweeps.execution.worker_log import logged_to
from sweeps.search.search import Evaluation

__all__ = ["WorkQueue", "run_with_tune"]

# Ray starts further processes for actors with an environment of their own; without one they move into those that are up
# already with their imports under way, and that have the same variable by inheritance.
DEFAULT_ENV_VARS.clear()

SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0


class WorkQueue(Protocol):
    """Where evaluations come from and where their ends are told; called on Tune's own thread."""

    def next_evaluation(self) -> Evaluation | None:
        """Return what to start next, or None while there is nothing to start."""

    @property
    def exhausted(self) -> bool:
        """Tell whether nothing will ever be started again."""

    @property
    def expects_more(self) -> bool:
        """Tell whether the evaluations that run may make others ready."""

    def on_end(self, evaluation: Evaluation, *, trouble: str | None, died: bool) -> None:
        """Note that an evaluation has its result on disk, or could not be written, or that its worker died."""


def run_with_tune(supplies: Supplies, queue: WorkQueue, *, workers: int) -> None:
    """Run evaluations until the queue is exhausted; Ray must be up.

    Tune's own notes go to a temporary folder: nothing is ever read from them.
    """
    with TemporaryDirectory(prefix="sweeps-tune-") as scratch, _looked_up_once():
        _tuner(supplies, _QueueSearcher(queue, workers), _InTurn(workers), scratch).fit()


@contextmanager
def _looked_up_once() -> Iterator[None]:
    """Have Tune remember its trainable; it looks it up four times for every trial, at Ray's control store."""
    known, registry = cache(_global_registry.get), _global_registry

    def contains(category: str, key: str) -> bool:
        try:
            return known(category, key) is not None
        except ValueError:
            return False

    registry.get, registry.contains = known, contains
    try:
        yield
    finally:
        del registry.get, registry.contains


def _tuner(supplies: Supplies, searcher: Searcher, scheduler: FIFOScheduler, scratch: str) -> tune.Tuner:
    resources = supplies.spec.resources
    trainable = tune.with_parameters(_EvaluationTrainable, supplies=supplies)
    return tune.Tuner(
        tune.with_resources(trainable, {"cpu": resources.cpus, "gpu": resources.gpus}),
        tune_config=tune.TuneConfig(search_alg=searcher, scheduler=scheduler, num_samples=-1, reuse_actors=True),
        run_config=tune.RunConfig(
            name=supplies.files.sweep_id,
            storage_path=scratch,
            verbose=0,
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )


class _QueueSearcher(Searcher):  # type: ignore[misc]  # Ray has no types
    """Tune's view of a `WorkQueue`.

    Tune ends actors that have nothing to do, and a new one takes seconds to import what it needs. So a worker that
    waits at a barrier is given pauses, each a little longer than the last.
    """

    def __init__(self, queue: WorkQueue, workers: int) -> None:
        super().__init__(metric="rung", mode="max")
        self._queue = queue
        self._workers = workers
        self._running: dict[str, Evaluation | None] = {}
        self._pause_seconds = SHORTEST_PAUSE_SECONDS

    def __getstate__(self) -> dict[str, Any]:
        """Pickle as nothing: Tune writes a copy that nobody reads."""
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Return an evaluation, a pause, or that there is nothing to start now or ever."""
        if len(self._running) >= self._workers:
            return None  # Tune asks ahead; what is best to do next is known when a worker is free
        evaluation = self._queue.next_evaluation()
        if evaluation is not None:
            self._pause_seconds = SHORTEST_PAUSE_SECONDS
            self._running[trial_id] = evaluation
            return {"evaluation": asdict(evaluation)}
        if self._queue.exhausted:
            return str(Searcher.FINISHED)
        if not self._queue.expects_more:
            return None
        pause, self._pause_seconds = self._pause_seconds, min(1.25 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
        self._running[trial_id] = None
        return {"pause_seconds": pause}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tell the queue how an evaluation ended."""
        evaluation = self._running.pop(trial_id)
        if evaluation is not None:
            trouble = None if result is None else result.get("trouble")
            self._queue.on_end(evaluation, trouble=trouble, died=error)

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: the state of a search is its results, and Tune never restores it."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing, as nothing was saved."""


class _InTurn(FIFOScheduler):  # type: ignore[misc]  # Ray has no types
    """First in, first out, but for the trials that bring up the workers: those wait for theirs.

    Tune gives the actor of a trial that has ended to the one that this names, and ends the actor that was being started
    for that. The first worker that is up would keep the others from ever coming up, if evaluations are short.
    """

    def __init__(self, workers: int) -> None:
        super().__init__()
        self._workers = workers
        self._bring_up: set[str] = set()

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Note the first trials, as many as there are workers."""
        if len(self._bring_up) < self._workers:
            self._bring_up.add(trial.trial_id)

    def choose_trial_to_run(self, tune_controller: Any) -> Any:
        """Return the trial that has waited longest for an actor of another's, if there is one."""
        waiting = (trial for trial in tune_controller.get_trials() if trial.status == "PENDING")
        return next((trial for trial in waiting if trial.trial_id not in self._bring_up), None)


class _EvaluationTrainable(tune.Trainable):  # type: ignore[misc]  # Ray has no types
    """An actor with a workbench: each step is one whole evaluation."""

    def setup(self, config: dict[str, Any], supplies: Supplies) -> None:
        # Torch and Lightning take seconds to import and only workers need them.
        from sweeps.execution.workbench import set_up_workbench

        self._bench = set_up_workbench(supplies)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next evaluation without a new process."""
        return True

    def step(self) -> dict[str, Any]:
        from sweeps.execution.evaluation import evaluate

        if "pause_seconds" in self.config:
            time.sleep(self.config["pause_seconds"])
            return {"rung": 0, "trouble": None, "done": True}
        evaluation = Evaluation(**self.config["evaluation"])
        try:
            with logged_to(self._bench.files.log(evaluation.trial, evaluation.rung)):
                evaluate(self._bench, evaluation)
        except (StorageError, OSError) as error:  # a full disk is no fault of the trial's
            return {"rung": evaluation.rung, "trouble": str(error), "done": True}
        return {"rung": evaluation.rung, "trouble": None, "done": True}
