"""The store that is written without MLflow: the same rows as MLflow writes, and which stores are left to it."""

import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from sweeps.record import recorder
from sweeps.record.layout import Point
from sweeps.record.sqlite_client import Pair, SqliteClient, can_write
from tests.record.store import Rows, Store, record_all
from tests.record.synthetic import FACTS

OF_ITS_OWN = {
    "experiments": ("creation_time", "last_update_time", "artifact_location"),
    "runs": ("run_uuid", "artifact_uri", "start_time", "end_time", "deleted_time"),
}
"""What differs from store to store: names drawn, folders, and the time now. Times of trials are compared apart."""


def tables(store: Store) -> dict[str, Rows]:
    """Return every row of every table, runs by their names, but for the experiment that MLflow makes by itself."""
    with closing(sqlite3.connect(store.database)) as connection:
        connection.row_factory = sqlite3.Row
        names = [str(name) for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        rows = {name: [dict(row) for row in connection.execute(f'select * from "{name}"')] for name in names}
    run_names = {row["run_uuid"]: row["name"] for row in rows["runs"]}

    def readable(table: str, row: dict[str, Any]) -> tuple[str, ...]:
        kept = {key: value for key, value in row.items() if key not in OF_ITS_OWN.get(table, ())}
        return tuple(f"{key}={run_names.get(value, value)}" for key, value in sorted(kept.items()))

    rows["experiments"] = [row for row in rows["experiments"] if row["name"] != "Default"]
    return {table: sorted(readable(table, row) for row in found) for table, found in rows.items()}


def both(tmp_path: Path) -> tuple[Store, Store]:
    """Return a store to be written without MLflow and one to be written by it."""
    folders = [tmp_path / "without", tmp_path / "by"]
    for folder in folders:
        folder.mkdir()
    return Store(folders[0], SqliteClient), Store(folders[1], MlflowClient)


def test_a_sweep_leaves_the_same_rows_and_files_as_by_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for store in both(tmp_path):
        if store.written_by is MlflowClient:
            monkeypatch.setattr(recorder, "can_write", lambda *_: False)
        writer = store.recorder()
        record_all(writer, store.database.parent / "samples")
        writer.finish(status="FINISHED", metrics={"best/fid": 0.5}, artifacts=[])
        trials = store.rows("select name, start_time, end_time from runs where name like 'trial-%' order by 1")
        found.append((tables(store), trials, {name: store.files(run) for name, run in store.runs().items()}))
        uris = store.rows(
            "select artifact_uri, artifact_location, run_uuid from runs join experiments using (experiment_id)"
        )
        assert all(uri == f"{location}/{run_id}/artifacts" for uri, location, run_id in uris)
    (mine, my_trials, my_files), (theirs, their_trials, their_files) = found
    assert {table for table, rows in mine.items() if rows} == {table for table, rows in theirs.items() if rows}
    for table, rows in theirs.items():
        assert mine[table] == rows, table
    assert my_trials == their_trials
    assert my_files == their_files


def test_unusual_values_are_kept_as_mlflow_keeps_them(tmp_path: Path) -> None:
    values = [1.0, math.nan, math.inf, -math.inf, 0.5]
    without, by = both(tmp_path)
    ours = SqliteClient(without.database)
    for store, client, point, pair, other_pair in (
        (without, ours, Point, Pair, Pair),
        (by, by.client, Metric, Param, RunTag),
    ):
        make: Any = client
        experiment = make.create_experiment("one", artifact_location=store.artifacts.as_uri(), tags={"a": "b"})
        run_id = make.create_run(experiment, run_name="run", tags={"x": "y"}).info.run_id
        for step in (1, 0, 2, 2):
            metrics: list[Any] = [point(key="m", value=value, timestamp=7, step=step) for value in values]
            params: list[Any] = [pair(key="p", value="ä" * 6_001)]
            tags: list[Any] = [other_pair(key="t", value="z" * 8_001)]
            make.log_batch(run_id, metrics=metrics, params=params, tags=tags, synchronous=True)
        make.set_experiment_tag(experiment, "a", "c")
        make.update_run(run_id, status="KILLED")
        make.delete_run(run_id)
    assert tables(without) == tables(by)


def test_a_deleted_experiment_comes_back_with_its_runs(tmp_path: Path) -> None:
    without, by = both(tmp_path)
    ours = SqliteClient(without.database)
    for store, restore in ((without, ours.restore_experiment), (by, by.client.restore_experiment)):
        experiment = store.client.create_experiment("one", artifact_location=store.artifacts.as_uri())
        store.client.create_run(experiment, run_name="run", tags={})
        store.client.delete_experiment(experiment)
        restore(experiment)
    assert tables(without) == tables(by)


def test_what_mlflow_made_otherwise_is_left_to_it(tmp_path: Path) -> None:
    store, _ = both(tmp_path)
    assert can_write(store.database, FACTS.experiment)
    assert can_write(tmp_path / "new" / "mlflow.db", FACTS.experiment)
    store.client.create_experiment("elsewhere", artifact_location="s3://bucket/folder")
    assert not can_write(store.database, "elsewhere")
    with closing(sqlite3.connect(store.database)) as connection, connection:
        connection.execute("update alembic_version set version_num = 'later'")
    assert not can_write(store.database, FACTS.experiment)
    empty = tmp_path / "empty.db"
    empty.touch()
    assert not can_write(empty, FACTS.experiment)
