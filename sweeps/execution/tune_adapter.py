"""Ray Tune runs the evaluations: the only file that knows Tune.

Tune's searcher is a thin shell around `Search`, under Tune's default first-in-first-out scheduler: no pausing, no
checkpoints and no restoring of Tune's. A trial of Tune's is one evaluation; actors are reused and keep their workbench.
"""

from dataclasses import asdict
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from ray import tune
from ray.tune.search import Searcher

from sweeps.errors import StorageError
from sweeps.execution.supplies import Supplies
from sweeps.execution.worker_log import logged_to
from sweeps.search.search import Evaluation

__all__ = ["WorkQueue", "run_with_tune"]


class WorkQueue(Protocol):
    """Where evaluations come from and where their ends are told; called on Tune's own thread."""

    def next_evaluation(self) -> Evaluation | None:
        """Return what to start next, or None while there is nothing to start."""

    @property
    def exhausted(self) -> bool:
        """Tell whether nothing will ever be started again."""

    def on_end(self, evaluation: Evaluation, *, trouble: str | None, died: bool) -> None:
        """Note that an evaluation has its result on disk, or could not be written, or that its worker died."""


def run_with_tune(supplies: Supplies, queue: WorkQueue) -> None:
    """Run evaluations until the queue is exhausted; Ray must be up.

    Tune's own notes go to a temporary folder: nothing is ever read from them.
    """
    with TemporaryDirectory(prefix="sweeps-tune-") as scratch:
        _tuner(supplies, queue, scratch).fit()


def _tuner(supplies: Supplies, queue: WorkQueue, scratch: str) -> tune.Tuner:
    resources = supplies.spec.resources
    trainable = tune.with_parameters(_EvaluationTrainable, supplies=supplies)
    return tune.Tuner(
        tune.with_resources(trainable, {"cpu": resources.cpus, "gpu": resources.gpus}),
        tune_config=tune.TuneConfig(search_alg=_QueueSearcher(queue), num_samples=-1, reuse_actors=True),
        run_config=tune.RunConfig(
            name=supplies.files.sweep_id,
            storage_path=scratch,
            verbose=0,
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    )


class _QueueSearcher(Searcher):
    """Tune's view of a `WorkQueue`."""

    def __init__(self, queue: WorkQueue) -> None:
        super().__init__(metric="rung", mode="max")
        self._queue = queue
        self._running: dict[str, Evaluation] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Pickle as nothing: Tune writes a copy that nobody reads."""
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        evaluation = self._queue.next_evaluation()
        if evaluation is None:
            return Searcher.FINISHED if self._queue.exhausted else None
        self._running[trial_id] = evaluation
        return {"evaluation": asdict(evaluation)}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        trouble = None if result is None else result.get("trouble")
        self._queue.on_end(self._running.pop(trial_id), trouble=trouble, died=error)

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: the state of a search is its results, and Tune never restores it."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing, as nothing was saved."""


class _EvaluationTrainable(tune.Trainable):
    """An actor with a workbench: each step is one whole evaluation."""

    def setup(self, config: dict[str, Any], supplies: Supplies) -> None:  # type: ignore[override]  # Tune adds parameters
        # Torch and Lightning take seconds to import and only workers need them.
        from sweeps.execution.workbench import set_up_workbench

        self._bench = set_up_workbench(supplies)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next evaluation without a new process."""
        return True

    def step(self) -> dict[str, Any]:
        from sweeps.execution.evaluation import evaluate

        evaluation = Evaluation(**self.config["evaluation"])
        try:
            with logged_to(self._bench.files.log(evaluation.trial, evaluation.rung)):
                evaluate(self._bench, evaluation)
        except (StorageError, OSError) as error:  # a full disk is no fault of the trial's
            return {"rung": evaluation.rung, "trouble": str(error), "done": True}
        return {"rung": evaluation.rung, "trouble": None, "done": True}
