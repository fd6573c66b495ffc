"""The store that is made from SQL: the same as MLflow's own, made whole and once, and never over another file."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient

from sweeps.record.connection import RecordError, connect, sqlite_file
from sweeps.record.empty_store import make_empty_store, migrated_schema, schema_file
from sweeps.record.recorder import Recorder
from tests.record.synthetic import FACTS

VERSION = mlflow.__version__

OPENS_A_RECORD = """
import sys
from dataclasses import replace
from pathlib import Path
from sweeps.record.recorder import Recorder
from tests.record.synthetic import FACTS
sys.stdin.readline()
uri, artifacts, name = sys.argv[1:]
recorder = Recorder(uri, Path(artifacts), replace(FACTS, experiment=name))
recorder.open()
print(recorder.sweep_run_id)
"""

Contents = dict[str, list[Any]]


def contents(store: sqlite3.Connection) -> Contents:
    """Return the rows of every table, and the statements that made tables, indices and triggers.

    Statements come as their lines, sorted: MLflow makes indices and constraints in another order every time.
    """
    made = store.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    names = [name for kind, name, _ in made if kind == "table"]
    rows = {name: store.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall() for name in names}
    lines = [[kind, name, sorted(line.strip(", ") for line in (sql or "").split("\n"))] for kind, name, sql in made]
    return {**rows, "sqlite_master": lines}


def tables(path: Path) -> Contents:
    with closing(sqlite3.connect(path)) as store:
        return contents(store)


def tables_made_by(statements: str) -> Contents:
    with closing(sqlite3.connect(":memory:")) as store:
        store.executescript(statements)
        return contents(store)


def without_birth(contents: Contents) -> Contents:
    """Leave out when MLflow put in its default experiment."""
    experiments = [(number, name, place, stage) for number, name, place, stage, *_ in contents["experiments"]]
    return {**contents, "experiments": experiments}


def test_what_ships_is_what_the_installed_mlflow_makes() -> None:
    """If this fails after a new pin of MLflow: remove the old file and call `python -m sweeps.record.empty_store`."""
    shipped = schema_file(VERSION)
    assert [path.name for path in shipped.parent.glob("mlflow-*.sql")] == [shipped.name]
    assert tables_made_by(shipped.read_text(encoding="utf-8")) == tables_made_by(migrated_schema())


def test_mlflow_finds_nothing_to_do_and_the_store_is_as_its_own(
    odd_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, migrated = odd_path / "made.db", odd_path / "migrated.db"
    MlflowClient(f"sqlite:///{migrated}")
    assert make_empty_store(made, VERSION)
    before = tables(made)
    assert before["experiments"] == []
    monkeypatch.setattr("mlflow.store.db.utils._upgrade_db", lambda _: pytest.fail("MLflow migrates"))
    MlflowClient(f"sqlite:///{made}")
    assert tables(made) == {**before, "experiments": tables(made)["experiments"]}
    assert without_birth(tables(made)) == without_birth(tables(migrated))
    assert tables(made)["alembic_version"] != []


def test_a_new_record_is_made_without_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlflow.store.db.utils._upgrade_db", lambda _: pytest.fail("MLflow migrates"))
    recorder = Recorder(f"sqlite:///{tmp_path}/a new home/mlflow.db", tmp_path / "artifacts", FACTS)
    recorder.open()
    assert recorder.sweep_run_id


def test_another_version_of_mlflow_makes_its_tables_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlflow.__version__", "0.0.0")
    path = tmp_path / "mlflow.db"
    assert not make_empty_store(path, "0.0.0")
    assert not path.exists()
    assert connect(f"sqlite:///{path}").get_experiment("0").name == "Default"


@pytest.mark.parametrize("content", [b"", b"something else"])
def test_a_file_that_is_there_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mlflow.db"
    path.write_bytes(content)
    assert not make_empty_store(path, VERSION)
    assert path.read_bytes() == content


@pytest.mark.parametrize("suffix", ["-journal", "-wal"])
def test_nothing_is_put_before_a_journal_that_another_store_left(tmp_path: Path, suffix: str) -> None:
    """SQLite would play it back into the new file."""
    path = tmp_path / "mlflow.db"
    path.with_name(f"mlflow.db{suffix}").write_bytes(b"pages of an older file")
    assert not make_empty_store(path, VERSION)
    assert not path.exists()


def test_two_processes_that_open_a_new_record_at_once_both_do(odd_path: Path) -> None:
    path = odd_path / "mlflow.db"
    names = ["first-0a1b2c3d", "second-0a1b2c3d"]
    command = [sys.executable, "-W", "ignore", "-c", OPENS_A_RECORD, f"sqlite:///{path}", str(odd_path / "artifacts")]
    writers = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for name in names
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("now\n")
        writer.stdin.flush()
    runs = {writer.communicate(timeout=60)[0].strip() for writer in writers}
    assert [writer.returncode for writer in writers] == [0, 0]
    contents = tables(path)
    assert {row[1] for row in contents["experiments"]} == {*names}
    assert {row[0] for row in contents["runs"]} == runs
    assert [file.name for file in odd_path.iterdir() if file.name.startswith(".")] == []


def test_a_place_that_cannot_be_written_is_an_outage_of_the_record(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    with pytest.raises(RecordError, match=r"must be writable, but got StorageError"):
        Recorder(f"sqlite:///{tmp_path}/home/mlflow.db", None, FACTS).open()


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("sqlite:////a home/mlflow.db", Path("/a home/mlflow.db")),
        ("sqlite:///mlflow.db", Path("mlflow.db")),
        ("sqlite:///:memory:", None),
        ("sqlite://", None),
        ("sqlite:////home/mlflow.db?timeout=3", None),
        ("http://127.0.0.1:5000", None),
        ("postgresql://user@host/mlflow", None),
    ],
)
def test_only_an_address_of_a_plain_sqlite_file_names_a_file(uri: str, file: Path | None) -> None:
    assert sqlite_file(uri) == file
