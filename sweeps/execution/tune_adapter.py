"""Ray Tune runs the evaluations: the only file that knows Tune.

A trial of Tune's is a worker from start to end, and each of its steps is one evaluation. Tune asks its searcher whether
to bring up another worker, and its scheduler whether one that has done a step goes on: both are thin shells around the
queue. No pausing, no checkpoints and no restoring of Tune's.
"""

import time
from tempfile import TemporaryDirectory
from typing import Any

from ray import tune
from ray.tune.execution.class_cache import DEFAULT_ENV_VARS
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher

from sweeps.errors import StorageError, SweepError
from sweeps.execution.supplies import Supplies
from sweeps.execution.worker_log import logged_to
from sweeps.execution.workers import MOST_LOST, Task, Workers, WorkQueue
from sweeps.search.search import Evaluation

__all__ = ["run_with_tune"]

# Ray starts further processes for actors with an environment of their own; without one they move into those that are up
# already with their imports under way, and that have the same variable by inheritance.
DEFAULT_ENV_VARS.clear()


def run_with_tune(supplies: Supplies, queue: WorkQueue, *, workers: int) -> None:
    """Run evaluations until the queue is exhausted; Ray must be up.

    Tune's own notes go to a temporary folder: nothing is ever read from them.
    """
    lost = (
        f"workers must come up, but {MOST_LOST} in a row ended before they could take anything. Mend what "
        f"{supplies.files.workers_log} tells of them, then run the sweep again."
    )
    team = Workers(queue, workers, lost)
    with TemporaryDirectory(prefix="sweeps-tune-") as scratch:
        _tuner(supplies, _WorkerSearcher(team), _TaskScheduler(team), scratch).fit()


def _tuner(supplies: Supplies, searcher: Searcher, scheduler: FIFOScheduler, scratch: str) -> tune.Tuner:
    resources = supplies.spec.resources
    trainable = tune.with_parameters(_EvaluationTrainable, supplies=supplies)
    return tune.Tuner(
        tune.with_resources(trainable, {"cpu": resources.cpus, "gpu": resources.gpus}),
        tune_config=tune.TuneConfig(search_alg=searcher, scheduler=scheduler, num_samples=-1),
        run_config=tune.RunConfig(
            name=supplies.files.sweep_id,
            storage_path=scratch,
            verbose=0,
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )


class _WorkerSearcher(Searcher):  # type: ignore[misc]  # Ray has no types
    """Tells Tune whether to bring up another worker."""

    def __init__(self, workers: Workers) -> None:
        super().__init__()
        self._workers = workers

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Return that there is to be a worker of this id, that there is to be none now, or none ever again."""
        if self._workers.queue.exhausted:
            return str(Searcher.FINISHED)
        if not self._workers.another_wanted:
            return None
        self._workers.enter(trial_id)
        return {}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Take in that a worker has ended, or died."""
        self._workers.leave(trial_id, died=error)

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: the state of a search is its results, and Tune never restores it."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing, as nothing was saved."""


class _TaskScheduler(FIFOScheduler):  # type: ignore[misc]  # Ray has no types
    """Gives a worker that has done a step its next task, or ends it."""

    def __init__(self, workers: Workers) -> None:
        super().__init__()
        self._workers = workers

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Return that a worker goes on, for which it has its task, or that it ends."""
        task = self._workers.next_task(trial.trial_id, result["trouble"])
        if task is not None:
            # An actor does in turn what it is asked: it has its task when Tune asks for the next step.
            trial.temporary_state.ray_actor.take.remote(task)
            return str(FIFOScheduler.CONTINUE)
        if self._workers.queue.exhausted:
            self._end_those_that_wait_for_room(tune_controller)
        return str(FIFOScheduler.STOP)

    def _end_those_that_wait_for_room(self, tune_controller: Any) -> None:
        for trial in tune_controller.get_trials():
            if trial.status == "PENDING":
                tune_controller.stop_trial(trial)


class _EvaluationTrainable(tune.Trainable):  # type: ignore[misc]  # Ray has no types
    """A worker: an actor with a workbench. Its first step tells that it has come up, each other one does a task."""

    def setup(self, config: dict[str, Any], supplies: Supplies) -> None:
        self._task: Task = 0.0
        self._trouble: str | None = None
        try:
            with logged_to(supplies.files.workers_log):
                # Torch and Lightning take seconds to import and only workers need them.
                from sweeps.execution.workbench import set_up_workbench

                self._bench = set_up_workbench(supplies)
        except (SweepError, OSError) as error:
            self._trouble = str(error)

    def take(self, task: Task) -> None:
        """Put down what the next step does."""
        self._task = task

    def step(self) -> dict[str, Any]:
        from sweeps.execution.evaluation import evaluate

        if not isinstance(self._task, Evaluation):
            time.sleep(self._task)
            return {"trouble": self._trouble}
        try:
            with logged_to(self._bench.files.log(self._task.trial, self._task.rung)):
                evaluate(self._bench, self._task)
        except (StorageError, OSError) as error:  # a full disk is no fault of the trial's
            return {"trouble": str(error)}
        return {"trouble": None}
