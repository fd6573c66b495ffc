"""Which runs of a sweep MLflow already holds, found by their tags; and the making of those it does not.

Run ids cannot be chosen and tags are not unique in MLflow, so a sweep's runs are looked up once, and again after every
trouble. A run is made together with its tags in one transaction, so that after a kill there is all of it or nothing.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sweeps.record.sqlite_client import Run as SqliteRun
from sweeps.record.sqlite_client import SqliteClient

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run as MlflowRun

__all__ = ["RecordClient", "RunIndex", "TrialRun", "open_experiment"]

RecordClient: TypeAlias = "MlflowClient | SqliteClient"
Run: TypeAlias = "MlflowRun | SqliteRun"

PAGE = 200
"""Runs per answer of MLflow's search."""


@dataclass
class TrialRun:
    """What MLflow holds of one trial.

    Attributes:
        run_id: Its run.
        rung: The highest rung recorded completely, -1 if none.
        epochs: Epochs at that rung.
        status: `RUNNING`, `FINISHED`, `FAILED` or `KILLED`.
        why: Why it stopped; empty while it runs.
        ended: When its last evaluation that this process has seen ended, in milliseconds since 1970.
    """

    run_id: str
    rung: int = -1
    epochs: int = 0
    status: str = "RUNNING"
    why: str = ""
    ended: int | None = None


@dataclass
class RunIndex:
    """The runs of one experiment.

    Attributes:
        experiment_id: The experiment.
        sweep: Id of the run of kind `sweep`; None until it is made.
        trials: The runs of kind `trial`, by number.
    """

    experiment_id: str
    sweep: str | None = None
    trials: dict[int, TrialRun] = field(default_factory=dict)

    @classmethod
    def load(cls, client: RecordClient, experiment_id: str) -> "RunIndex":
        """Read what MLflow holds.

        Side effect: where an answer of the server was lost and a run was made twice, the lesser one is deleted.
        """
        index = cls(experiment_id)
        for run in _runs(client, experiment_id):
            if run.data.tags.get("sweep.kind") == "sweep" and index.sweep is None:
                index.sweep = run.info.run_id
            elif run.data.tags.get("sweep.kind") == "trial":
                index._add_trial(client, run)
        return index

    def create_sweep(self, client: RecordClient, name: str) -> str:
        """Make the run of kind `sweep` and return its id."""
        self.sweep = client.create_run(self.experiment_id, run_name=name, tags={"sweep.kind": "sweep"}).info.run_id
        return self.sweep

    def create_trial(self, client: RecordClient, trial: int, name: str, started: int, tags: dict[str, str]) -> TrialRun:
        """Make a trial's run below the sweep's; `started` in milliseconds since 1970."""
        own = {"sweep.kind": "trial", "sweep.trial": str(trial), "mlflow.parentRunId": str(self.sweep)}
        run = client.create_run(self.experiment_id, start_time=started, run_name=name, tags=own | tags)
        self.trials[trial] = TrialRun(run.info.run_id)
        return self.trials[trial]

    def _add_trial(self, client: RecordClient, run: Run) -> None:
        tags = run.data.tags
        trial = int(tags["sweep.trial"])
        found = TrialRun(
            run_id=run.info.run_id,
            rung=int(tags.get("sweep.rung", -1)),
            epochs=int(tags.get("sweep.epochs", 0)),
            status=run.info.status,
            why=tags.get("sweep.why", ""),
        )
        kept = self.trials.get(trial)
        if kept is None:
            self.trials[trial] = found
            return
        self.trials[trial], lesser = (found, kept) if found.rung > kept.rung else (kept, found)
        client.delete_run(lesser.run_id)


def open_experiment(client: RecordClient, name: str, artifact_root: Path | None, tags: dict[str, str]) -> str:
    """Find or make the experiment of a sweep and return its id; a deleted one is restored.

    Names of experiments are unique in MLflow, deleted ones included, so that two makers cannot both succeed.
    """
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        location = None if artifact_root is None else (artifact_root / name).absolute().as_uri()
        return str(client.create_experiment(name, artifact_location=location, tags=tags))
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    for key, value in tags.items():
        if experiment.tags.get(key) != value:
            client.set_experiment_tag(experiment.experiment_id, key, value)
    return str(experiment.experiment_id)


def _runs(client: RecordClient, experiment_id: str) -> list[Run]:
    if isinstance(client, SqliteClient):
        return [*client.runs(experiment_id)]
    runs: list[Run] = []
    token: str | None = None
    while True:
        page = client.search_runs([experiment_id], max_results=PAGE, order_by=["start_time ASC"], page_token=token)
        runs.extend(page)
        token = page.token
        if not token:
            return runs
