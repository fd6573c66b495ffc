"""MLflow's SQLite store, written without MLflow, whose import takes longer than recording a small sweep.

Its methods are those of `MlflowClient` that a recorder calls, and leave the same rows: a test has both record one sweep
and compares every table. It knows the tables that ship (`empty_store`); whatever is otherwise is left to MLflow itself
(`can_write`).
"""

import math
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from sweeps.record.empty_store import make_empty_store, shipped_revision
from sweeps.record.layout import Point

__all__ = ["Pair", "SqliteClient", "can_write"]

PATIENCE_SECONDS = 20.0
"""How long another writer of the store is waited for."""

LONGEST_TAG = 8_000
LONGEST_PARAMETER = 6_000
"""Characters that MLflow keeps of a value."""

LARGEST = 1.7976931348623157e308
"""What stands for infinity in SQL."""

USER = "unknown"
"""Whose runs they are, by MLflow's own default."""


class Pair(NamedTuple):
    """A parameter or a tag."""

    key: str
    value: str


@dataclass(frozen=True)
class Experiment:
    """As MLflow's entity of that name."""

    experiment_id: str
    lifecycle_stage: str
    tags: dict[str, str]


@dataclass(frozen=True)
class RunInfo:
    """As MLflow's entity of that name."""

    run_id: str
    status: str


@dataclass(frozen=True)
class RunData:
    """As MLflow's entity of that name."""

    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """As MLflow's entity of that name."""

    info: RunInfo
    data: RunData


def can_write(file: Path, experiment: str) -> bool:
    """Tell whether a store has the tables that are known here, and an experiment's pictures a folder; make a new store.

    Raises:
        StorageError: A new store cannot be made.
        sqlite3.Error: The store cannot be read.
    """
    installed = version("mlflow")
    make_empty_store(file, installed)
    with closing(sqlite3.connect(file, timeout=PATIENCE_SECONDS)) as store:
        if not store.execute("select 1 from sqlite_master where name = 'alembic_version'").fetchall():
            return False
        revisions = [revision for (revision,) in store.execute("select version_num from alembic_version")]
        known = store.execute("select artifact_location from experiments where name = ?", [experiment]).fetchall()
    in_a_folder = all(str(location).startswith("file:") for (location,) in known)
    return in_a_folder and revisions == [shipped_revision(installed)]


class SqliteClient:
    """Each method is one transaction. For one thread at a time.

    Args:
        file: The store.
    """

    def __init__(self, file: Path) -> None:
        # Opened once: SQLite reads all definitions of tables anew for each connection.
        self._store = sqlite3.connect(file, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False)

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """Return an experiment, if there is one."""
        query = "select experiment_id, lifecycle_stage from experiments where name = ?"
        found = self._store.execute(query, [name]).fetchone()
        if found is None:
            return None
        tags = self._store.execute("select key, value from experiment_tags where experiment_id = ?", [found[0]])
        return Experiment(str(found[0]), found[1], dict(tags.fetchall()))

    def create_experiment(self, name: str, artifact_location: str | None, tags: Mapping[str, str]) -> str:
        """Make an experiment and return its id."""
        with self._writing() as store:
            made = store.execute(
                "insert into experiments (name, artifact_location, lifecycle_stage, creation_time, last_update_time)"
                " values (?, ?, 'active', ?, ?)",
                [name, artifact_location, now := _now(), now],
            )
            rows = [(key, value, made.lastrowid) for key, value in tags.items()]
            store.executemany("insert into experiment_tags (key, value, experiment_id) values (?, ?, ?)", rows)
            return str(made.lastrowid)

    def set_experiment_tag(self, experiment_id: str, key: str, value: str) -> None:
        """Set a tag."""
        with self._writing() as store:
            statement = "insert or replace into experiment_tags (key, value, experiment_id) values (?, ?, ?)"
            store.execute(statement, [key, value, int(experiment_id)])

    def restore_experiment(self, experiment_id: str) -> None:
        """Bring back a deleted experiment with its runs."""
        with self._writing() as store:
            statement = (
                "update experiments set lifecycle_stage = 'active', last_update_time = ? where experiment_id = ?"
            )
            store.execute(statement, [_now(), int(experiment_id)])
            statement = "update runs set lifecycle_stage = 'active', deleted_time = null where experiment_id = ?"
            store.execute(statement, [int(experiment_id)])

    def runs(self, experiment_id: str) -> list[Run]:
        """Return the runs of an experiment by their start, but for those that are deleted."""
        query = (
            "select run_uuid, status from runs where experiment_id = ? and lifecycle_stage = 'active'"
            " order by start_time, run_uuid"
        )
        found = self._store.execute(query, [int(experiment_id)]).fetchall()
        tags: dict[str, dict[str, str]] = {}
        query = "select run_uuid, key, tags.value from tags join runs using (run_uuid) where experiment_id = ?"
        for run_id, key, value in self._store.execute(query, [int(experiment_id)]):
            tags.setdefault(run_id, {})[key] = value
        return [Run(RunInfo(run_id, status), RunData(tags.get(run_id, {}))) for run_id, status in found]

    def create_run(
        self, experiment_id: str, *, run_name: str, tags: Mapping[str, str], start_time: int | None = None
    ) -> Run:
        """Make a run with its tags; without a start it begins now."""
        run = Run(RunInfo(uuid4().hex, "RUNNING"), RunData({**tags, "mlflow.runName": run_name}))
        run_id = run.info.run_id
        with self._writing() as store:
            query = "select artifact_location from experiments where experiment_id = ?"
            (location,) = store.execute(query, [int(experiment_id)]).fetchone()
            store.execute(
                "insert into runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status,"
                " start_time, source_version, lifecycle_stage, artifact_uri, experiment_id)"
                " values (?, ?, 'UNKNOWN', '', '', ?, 'RUNNING', ?, '', 'active', ?, ?)",
                [run_id, run_name, USER, start_time or _now(), f"{location}/{run_id}/artifacts", int(experiment_id)],
            )
            _set_tags(store, run_id, [Pair(*tag) for tag in run.data.tags.items()])
        return run

    def delete_run(self, run_id: str) -> None:
        """Mark a run as deleted."""
        with self._writing() as store:
            statement = "update runs set lifecycle_stage = 'deleted', deleted_time = ? where run_uuid = ?"
            store.execute(statement, [_now(), run_id])

    def update_run(self, run_id: str, status: str) -> None:
        """Set the status of a run."""
        with self._writing() as store:
            store.execute("update runs set status = ? where run_uuid = ?", [status, run_id])

    def set_terminated(self, run_id: str, status: str, end_time: int | None = None) -> None:
        """Set status and end of a run; without an end it is now."""
        with self._writing() as store:
            statement = "update runs set status = ?, end_time = ? where run_uuid = ?"
            store.execute(statement, [status, end_time or _now(), run_id])

    def log_batch(
        self, run_id: str, *, metrics: Sequence[Point], params: Sequence[Pair], tags: Sequence[Pair], synchronous: bool
    ) -> None:
        """Write points, parameters and tags, all of them or none; what is there already stays once."""
        points = [(run_id, point.key, *_in_sql(point.value), point.step, point.timestamp) for point in metrics]
        with self._writing() as store:
            store.executemany(
                "insert or ignore into metrics (run_uuid, key, value, is_nan, step, timestamp)"
                " values (?, ?, ?, ?, ?, ?)",
                points,
            )
            store.executemany(
                "insert into latest_metrics (run_uuid, key, value, is_nan, step, timestamp) values (?, ?, ?, ?, ?, ?)"
                " on conflict (key, run_uuid) do update set value = excluded.value, is_nan = excluded.is_nan,"
                " step = excluded.step, timestamp = excluded.timestamp"
                " where (excluded.step, excluded.timestamp, excluded.value)"
                " > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)",
                points,
            )
            rows = [(param.key, param.value[:LONGEST_PARAMETER], run_id) for param in params]
            store.executemany("insert or ignore into params (key, value, run_uuid) values (?, ?, ?)", rows)
            _set_tags(store, run_id, tags)

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        """Write a file of a run."""
        path = self._folder(run_id) / artifact_file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def log_artifact(self, run_id: str, local_path: str, artifact_path: str | None = None) -> None:
        """Copy a file to those of a run."""
        folder = self._folder(run_id) / (artifact_path or "")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(local_path, folder / Path(local_path).name)

    def log_artifacts(self, run_id: str, local_dir: str, artifact_path: str) -> None:
        """Copy the files of a folder to those of a run."""
        for path in sorted(Path(local_dir).iterdir()):
            self.log_artifact(run_id, str(path), artifact_path)

    def _folder(self, run_id: str) -> Path:
        (uri,) = self._store.execute("select artifact_uri from runs where run_uuid = ?", [run_id]).fetchone()
        return Path(unquote(urlsplit(uri).path))

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._store.execute("begin immediate")
        with self._store:
            yield self._store


def _set_tags(store: sqlite3.Connection, run_id: str, tags: Sequence[Pair]) -> None:
    rows = [(tag.key, tag.value[:LONGEST_TAG], run_id) for tag in tags]
    store.executemany("insert or replace into tags (key, value, run_uuid) values (?, ?, ?)", rows)


def _in_sql(value: float) -> tuple[float, bool]:
    """Return what stands for a value, and whether it is no number."""
    if math.isnan(value):
        return 0.0, True
    return min(max(value, -LARGEST), LARGEST), False


def _now() -> int:
    return time.time_ns() // 1_000_000
