"""Which sweeps there are and what should become of them: tags of their experiments in MLflow.

A sweep is claimed by making its experiment. Names of experiments are unique, so that of several makers one succeeds and
the others find what it made. Every change leaves a tag beside it that says who made it, and when.
"""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from sweeps.record.connection import connect, record_errors
from sweeps.service.refs import make_ref, split_ref
from sweeps.service.state import Wish

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

__all__ = ["Claim", "Claims"]

CLAIM, WISH, PRIORITY, AUDIT = "sweep.claim", "sweep.wish", "sweep.priority", "sweep.audit"

PAGE = 1000
"""Experiments per answer of MLflow's search."""


@dataclass(frozen=True)
class Claim:
    """A sweep that was accepted.

    Attributes:
        ref: Its name here and in the record.
        project: Where it belongs.
        sweep_id: Its id within the project.
        wish: What should become of it.
        attempts_at_wish: How often it had been started when that was wished.
        priority: The higher, the sooner it starts.
        submitted_ms: When, in milliseconds since 1970.
        submitted_by: By whom.
        experiment_id: The experiment that holds the claim and the record.
    """

    ref: str
    project: str
    sweep_id: str
    wish: Wish
    attempts_at_wish: int
    priority: int
    submitted_ms: int
    submitted_by: str
    experiment_id: str


class Claims:
    """The claims in one record. For several threads; MLflow is imported when it is first asked.

    Every method raises RecordError if MLflow cannot be read or written.
    """

    def __init__(self, tracking_uri: str, artifact_root: Path | None, now_ms: Callable[[], int] | None = None) -> None:
        """Keep where to write; nothing is imported or written yet.

        Args:
            tracking_uri: MLflow's store or server.
            artifact_root: Where a new experiment's folder of artifacts is made; None leaves it to the server.
            now_ms: The clock, in milliseconds since 1970.
        """
        self._tracking_uri = tracking_uri
        self._artifact_root = artifact_root
        self._now_ms = now_ms or (lambda: time.time_ns() // 1_000_000)
        self._client: MlflowClient | None = None
        self._opening = threading.Lock()
        self._counter = itertools.count()

    def open(self) -> None:
        """Import MLflow and open the record, which the first to ask would wait for."""
        with self._session():
            pass

    def claim(self, *, project: str, sweep_id: str, priority: int, by: str) -> tuple[Claim, bool]:
        """Claim a sweep, or find the claim that there is; return whether it is new.

        Of an experiment that was made without a service, or deleted, the claim is new.
        """
        ref, now_ms = make_ref(project, sweep_id), self._now_ms()
        constants = {"project": project, "sweep_id": sweep_id, "submitted_ms": now_ms, "submitted_by": by}
        tags = {WISH: _wish("run", 0), PRIORITY: str(priority), **self._audit(by, "submitted", now_ms)}
        tags[CLAIM] = json.dumps(constants)  # last: it vouches for the others
        with self._session() as client:
            experiment = client.get_experiment_by_name(ref)
            if experiment is None:
                if (made := self._create(client, ref, tags)) is not None:
                    return Claim(ref, project, sweep_id, "run", 0, priority, now_ms, by, made), True
                experiment = client.get_experiment_by_name(ref)
            known = _parse(experiment)
            if known is not None and experiment.lifecycle_stage == "active":
                return known, False
            if experiment.lifecycle_stage == "deleted":
                client.restore_experiment(experiment.experiment_id)
            for key, value in tags.items():
                client.set_experiment_tag(experiment.experiment_id, key, value)
        return Claim(ref, project, sweep_id, "run", 0, priority, now_ms, by, experiment.experiment_id), True

    def all(self) -> list[Claim]:
        """Return every claim; experiments that are none of a service's, or deleted, are left out."""
        found: list[Claim] = []
        token: str | None = None
        with self._session() as client:
            while True:
                page = client.search_experiments(max_results=PAGE, page_token=token)
                found += [claim for experiment in page if (claim := _parse(experiment)) is not None]
                token = page.token
                if not token:
                    return found

    def get(self, ref: str) -> Claim | None:
        """Return the claim of a name, or None if there is none."""
        with self._session() as client:
            experiment = client.get_experiment_by_name(ref)
        return _parse(experiment) if experiment is not None and experiment.lifecycle_stage == "active" else None

    def set_wish(self, ref: str, wish: Wish, by: str, *, attempts: int) -> None:
        """Say what should become of a sweep that has been started so many times."""
        self._set(ref, WISH, _wish(wish, attempts), by, f"wish {wish}")

    def set_priority(self, ref: str, priority: int, by: str) -> None:
        """Say how soon a sweep should start."""
        self._set(ref, PRIORITY, str(priority), by, f"priority {priority}")

    def _set(self, ref: str, key: str, value: str, by: str, what: str) -> None:
        """Change a tag; who changed it is written before, so that no change is without."""
        tags = {**self._audit(by, what, self._now_ms()), key: value}
        with self._session() as client:
            experiment = client.get_experiment_by_name(ref)
            for name, content in tags.items():
                client.set_experiment_tag(experiment.experiment_id, name, content)

    def _audit(self, by: str, what: str, now_ms: int) -> dict[str, str]:
        return {f"{AUDIT}.{now_ms}-{next(self._counter)}": json.dumps({"who": by, "what": what})}

    def _create(self, client: "MlflowClient", ref: str, tags: dict[str, str]) -> str | None:
        """Make the experiment and return its id, or return None if another has just made it."""
        from mlflow.exceptions import MlflowException  # over a second to import

        location = None if self._artifact_root is None else (self._artifact_root / ref).absolute().as_uri()
        try:
            made: str = client.create_experiment(ref, artifact_location=location, tags=tags)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            return None
        return made

    @contextmanager
    def _session(self) -> "Iterator[MlflowClient]":
        with record_errors(self._tracking_uri):
            with self._opening:
                if self._client is None:
                    self._client = connect(self._tracking_uri)
            yield self._client


def _wish(wish: Wish, attempts: int) -> str:
    """Return both in one tag: MLflow changes one at a time."""
    return json.dumps({"wish": wish, "attempts": attempts})


def _parse(experiment: "Experiment") -> Claim | None:
    """Return what an experiment's tags claim; None if it is no sweep of a service."""
    try:
        told: dict[str, Any] = json.loads(experiment.tags[CLAIM]) | json.loads(experiment.tags[WISH])
        claim = Claim(
            ref=experiment.name,
            project=told["project"],
            sweep_id=told["sweep_id"],
            wish=told["wish"],
            attempts_at_wish=int(told["attempts"]),
            priority=int(experiment.tags[PRIORITY]),
            submitted_ms=int(told["submitted_ms"]),
            submitted_by=told["submitted_by"],
            experiment_id=experiment.experiment_id,
        )
    except (KeyError, ValueError, TypeError):
        return None
    # Tags can be changed in MLflow's pages; what names a folder must be what the experiment's name says.
    is_sound = claim.wish in get_args(Wish) and split_ref(claim.ref) == (claim.project, claim.sweep_id)
    return claim if is_sound else None
