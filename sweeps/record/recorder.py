"""Writes a sweep into MLflow: one experiment, one run for the sweep, one run for each trial. Nothing else writes there.

Everything comes from durable results, with their own timestamps, and what is written says that it is written (the tag
`sweep.rung`, last of all): after `kill -9` at any moment, recording all results again leaves every point once. MLflow
takes over a second to import, so this module imports it when a recorder first speaks to it, in that thread.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from sweeps.execution.result import EvaluationResult
from sweeps.record.connection import connect, record_errors, sqlite_file
from sweeps.record.dashboard import VIEW_TAG, dashboard_fragment, encode_view, sweep_view
from sweeps.record.images import log_samples
from sweeps.record.layout import Point, evaluation_points, evaluation_tags, parameters, run_name
from sweeps.record.run_index import RecordClient, RunIndex, TrialRun, open_experiment
from sweeps.record.sqlite_client import Pair, SqliteClient, can_write

__all__ = ["EndStatus", "Recorder", "SweepFacts"]

EndStatus = Literal["FINISHED", "FAILED", "KILLED"]

POINTS_PER_REQUEST = 900
"""Points per request; MLflow takes 1,000 points, parameters and tags together."""


@dataclass(frozen=True)
class SweepFacts:
    """What the record says about the sweep as a whole.

    Attributes:
        experiment: Name of the experiment.
        name: Name of the sweep's run.
        spec: The spec, JSON-able.
        plan: The plan, JSON-able.
        objective: Name of the objective.
        searched: Names of the searched hyperparameters.
        weights: Those of them that weigh a term of the loss (beta, lambda, alpha).
        log_scaled: Those of them that are searched on a log scale.
    """

    experiment: str
    name: str
    spec: dict[str, Any]
    plan: dict[str, Any]
    objective: str
    searched: tuple[str, ...]
    weights: tuple[str, ...] = ()
    log_scaled: tuple[str, ...] = ()


class Recorder:
    """The record of one sweep. For one thread at a time; every method may be repeated.

    A method that fails with `RecordError` can be called again as it was: what MLflow holds is then read anew.
    """

    def __init__(self, tracking_uri: str, artifact_root: Path | None, facts: SweepFacts) -> None:
        """Keep where to write; nothing is imported or written yet.

        Args:
            tracking_uri: MLflow's store or server, as `sqlite:////path/mlflow.db` or `http://host:5000`.
            artifact_root: Where a new experiment's folder of artifacts is made; None leaves it to the server.
            facts: The sweep.
        """
        self._tracking_uri = tracking_uri
        self._artifact_root = artifact_root
        self._facts = facts
        self._client: RecordClient | None = None
        self._index: RunIndex | None = None
        self._doubtful = False
        self._latest = 0

    @property
    def experiment_id(self) -> str:
        """Id of the sweep's experiment; known once `open` has returned."""
        return self._opened().experiment_id

    @property
    def sweep_run_id(self) -> str:
        """Id of the run of kind `sweep`; known once `open` has returned."""
        return str(self._opened().sweep)

    @property
    def dashboard_fragment(self) -> str:
        """The part of the dashboard's address after the server's; known once `open` has returned."""
        return dashboard_fragment(self.experiment_id)

    def run_id(self, trial: int) -> str | None:
        """Return the id of a trial's run, or None if nothing of it is recorded."""
        run = self._opened().trials.get(trial)
        return run.run_id if run else None

    def open(self) -> None:
        """Make or find the experiment and the sweep's run, which is RUNNING from here to `finish`.

        Raises:
            RecordError: MLflow cannot be written.
        """
        with self._session() as (client, index):
            client.update_run(str(index.sweep), status="RUNNING")
            for name, content in (("spec.yaml", self._facts.spec), ("plan.yaml", self._facts.plan)):
                client.log_text(str(index.sweep), yaml.safe_dump(content, sort_keys=False, allow_unicode=True), name)

    def record(self, result: EvaluationResult, samples: Path | None) -> None:
        """Write one evaluation, unless it is recorded already.

        Args:
            result: The evaluation; a trial's rungs come in order.
            samples: PNG of its sample grid, if there is one.

        Raises:
            RecordError: MLflow cannot be written.
            ValueError: A lower rung of the trial is missing.
        """
        with self._session() as (client, index):
            self._latest = max(self._latest, result.ended)
            trial = index.trials.get(result.trial) or self._create_trial(client, index, result)
            trial.ended = result.ended
            if result.rung <= trial.rung:
                return
            if result.rung > trial.rung + 1:
                raise ValueError(
                    f"trial {result.trial}: rungs must come in order, but got {result.rung} after {trial.rung}"
                )
            self._write(client, trial, result, samples)

    def close_trial(self, trial: int, *, status: EndStatus, why: str) -> None:
        """Say that a trial goes no further, and why; a trial of which nothing is recorded has no run to close.

        Raises:
            RecordError: MLflow cannot be written.
        """
        with self._session() as (client, index):
            run = index.trials.get(trial)
            if run is None or (run.status, run.why) == (status, why):
                return
            _log(client, run.run_id, tags={"sweep.stopped_at": f"{run.epochs} epochs", "sweep.why": why})
            client.set_terminated(run.run_id, status, run.ended)
            run.status, run.why = status, why

    def finish(self, *, status: EndStatus, metrics: dict[str, float], artifacts: Sequence[Path]) -> None:
        """Close the sweep's run with its `best/…` metrics, best.yaml and figures (PNG).

        Raises:
            RecordError: MLflow cannot be written.
        """
        with self._session() as (client, index):
            sweep = str(index.sweep)
            for path in artifacts:
                client.log_artifact(sweep, str(path), "figures" if path.suffix == ".png" else None)
            _log(client, sweep, [Point(key, value, 0, self._latest) for key, value in metrics.items()])
            client.set_terminated(sweep, status, self._latest or None)

    def _opened(self) -> RunIndex:
        if self._index is None:
            raise RuntimeError("`open` must be called before the record is asked for its runs")
        return self._index

    @contextmanager
    def _session(self) -> Iterator[tuple[RecordClient, RunIndex]]:
        """Yield the client and what MLflow holds, read anew if the last session broke off half done."""
        with record_errors(self._tracking_uri):
            if self._client is None:
                self._client = self._connect()
            if self._index is None or self._doubtful:
                self._index = self._load(self._client)
            self._doubtful = True
            yield self._client, self._index
            self._doubtful = False

    def _connect(self) -> RecordClient:
        """Return the client that writes without MLflow, where it can."""
        file = sqlite_file(self._tracking_uri)
        if file is not None and self._artifact_root is not None and can_write(file, self._facts.experiment):
            return SqliteClient(file)
        return connect(self._tracking_uri)

    def _load(self, client: RecordClient) -> RunIndex:
        facts = self._facts
        view = sweep_view(facts.objective, facts.searched, weights=facts.weights, log_scaled=facts.log_scaled)
        experiment_id = open_experiment(client, facts.experiment, self._artifact_root, {VIEW_TAG: encode_view(view)})
        index = RunIndex.load(client, experiment_id)
        if index.sweep is None:
            index.create_sweep(client, facts.name)
        return index

    def _create_trial(self, client: RecordClient, index: RunIndex, result: EvaluationResult) -> TrialRun:
        tags = {"sweep.bracket": str(result.bracket)}
        return index.create_trial(client, result.trial, run_name(result.trial), result.started, tags)

    def _write(self, client: RecordClient, trial: TrialRun, result: EvaluationResult, samples: Path | None) -> None:
        """Write a rung: pictures and status first, since the tags of the last request vouch for them."""
        tags = evaluation_tags(result)
        if samples is not None:
            tags = log_samples(client, trial.run_id, samples, result) | tags
        if result.state != "scored":
            client.set_terminated(trial.run_id, "FAILED", result.ended)
        elif trial.status != "RUNNING":
            client.update_run(trial.run_id, status="RUNNING")
        # Parameters came with the first rung, which its tag vouches for.
        params = parameters(result.hyperparameters, self._facts.log_scaled) if trial.rung < 0 else {}
        _log(client, trial.run_id, evaluation_points(result, self._facts.objective), params, tags)
        trial.rung, trial.epochs = result.rung, result.epochs
        trial.status = "RUNNING" if result.state == "scored" else "FAILED"


def _log(
    client: RecordClient,
    run_id: str,
    points: Sequence[Point] = (),
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write points, then parameters, then tags: MLflow keeps this order within a request, so that tags come last."""
    metric, param, tag = _entities(client)
    metrics = [metric(key=point.key, value=point.value, timestamp=point.timestamp, step=point.step) for point in points]
    while len(metrics) > POINTS_PER_REQUEST:
        client.log_batch(run_id, metrics=metrics[:POINTS_PER_REQUEST], params=[], tags=[], synchronous=True)
        metrics = metrics[POINTS_PER_REQUEST:]
    client.log_batch(
        run_id,
        metrics=metrics,
        params=[param(key=name, value=value) for name, value in (params or {}).items()],
        tags=[tag(key=name, value=value) for name, value in (tags or {}).items()],
        synchronous=True,
    )


def _entities(client: RecordClient) -> tuple[type[Any], type[Any], type[Any]]:
    """Return what a client takes as a point, a parameter and a tag."""
    if isinstance(client, SqliteClient):
        return Point, Pair, Pair
    from mlflow.entities import Metric, Param, RunTag  # MLflow is imported late, see above

    return Metric, Param, RunTag
