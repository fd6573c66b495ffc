"""A new SQLite store for MLflow, made from SQL that ships: MLflow's own migrations of an empty file take over a second.

The SQL is what those migrations lead to, with their last revision inside, so that MLflow finds nothing left to do. It
ships for the pinned version of MLflow alone; under any other, MLflow makes its tables itself. After a new pin:

    python -m sweeps.record.empty_store
"""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from sweeps.execution.storage import write_atomically, write_once

__all__ = ["main", "make_empty_store", "migrated_schema", "schema_file", "shipped_revision"]

FOLDER = Path(__file__).parent

REVISION = re.compile(r"INSERT INTO \"alembic_version\" VALUES\('(\w+)'\)")


def schema_file(mlflow_version: str) -> Path:
    """Return where the SQL for a version of MLflow is, if it ships."""
    return FOLDER / f"mlflow-{mlflow_version}.sql"


def shipped_revision(mlflow_version: str) -> str | None:
    """Return the last revision of the tables in the SQL for a version of MLflow, or None if it does not ship."""
    schema = schema_file(mlflow_version)
    if not schema.exists():
        return None
    found = REVISION.search(schema.read_text(encoding="utf-8"))
    return found[1] if found else None


def make_empty_store(path: Path, mlflow_version: str) -> bool:
    """Make a store with MLflow's tables, whole or not at all, and tell whether it was made.

    A file that is there already is left alone, and so is the place of one of which SQLite's journal is left. Of several
    processes that make one store at once, one does and the others find it.

    Raises:
        StorageError: The disk is full, or the place cannot be written.
    """
    schema = schema_file(mlflow_version)
    known = (path, path.with_name(f"{path.name}-journal"), path.with_name(f"{path.name}-wal"))
    if not schema.exists() or any(file.exists() for file in known):
        return False
    with closing(sqlite3.connect(":memory:")) as store:
        store.executescript(schema.read_text(encoding="utf-8"))
        return write_once(path, store.serialize())


def migrated_schema() -> str:
    """Return the SQL of a store that the installed MLflow has just made, without the experiment it puts in by itself.

    That one holds the time and the folder in which it was made; MLflow adds it to any store that lacks it. The order of
    indices and constraints differs from one call to the next, as MLflow makes them.
    """
    from mlflow import MlflowClient  # over a second to import

    with TemporaryDirectory() as folder:
        path = Path(folder) / "mlflow.db"
        MlflowClient(f"sqlite:///{path}")
        with closing(sqlite3.connect(path)) as store:
            store.execute("DELETE FROM experiments")
            statements = "\n".join(store.iterdump())
    return "".join(f"{line.rstrip()}\n" for line in statements.splitlines())


def main() -> None:
    """Write the SQL for the installed version of MLflow beside this module."""
    from mlflow import __version__  # as above

    write_atomically(schema_file(__version__), migrated_schema().encode())


if __name__ == "__main__":
    main()
