"""Where a sweep's facts live: one class owns every file name, and every file is written beside and then renamed.

A file that exists is whole and never changes. What cannot be read as what it should be is refused with its path: it is
never taken for something else, and never deleted.
"""

import hashlib
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import get_native_id
from typing import Any

from sweeps.errors import StorageError
from sweeps.execution.result import EvaluationResult

__all__ = ["Home", "SweepFiles", "file_sha256", "whole_file", "write_atomically", "write_once"]


@dataclass(frozen=True)
class Home:
    """The folder that holds everything sweeps write."""

    root: Path

    @property
    def record(self) -> Path:
        """MLflow's SQLite file, when the record is kept in the home."""
        return self.root / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """MLflow's artifacts, when the record is kept in the home."""
        return self.root / "artifacts"

    @property
    def features(self) -> Path:
        """Feature networks that were trained here."""
        return self.root / "features"

    def sweep(self, sweep_id: str) -> "SweepFiles":
        """Return the files of one sweep, existing or not."""
        return SweepFiles(self.root / "sweeps" / sweep_id, sweep_id)

    def sweep_ids(self) -> list[str]:
        """Return the sweeps that were begun here, by name."""
        return sorted(path.parent.name for path in (self.root / "sweeps").glob("*/spec.json"))

    def sweeps(self) -> list["SweepFiles"]:
        """Return the files of each sweep that was begun here, by name."""
        return [self.sweep(sweep_id) for sweep_id in self.sweep_ids()]


@dataclass(frozen=True)
class SweepFiles:
    """The files of one sweep."""

    root: Path
    sweep_id: str

    @property
    def spec(self) -> Path:
        """The spec, every default written out."""
        return self.root / "spec.json"

    @property
    def lease(self) -> Path:
        """Locked by the one driver that runs the sweep."""
        return self.root / "lease.json"

    @property
    def job(self) -> Path:
        """Locked by the service's process for the sweep, from its first moment to its last."""
        return self.root / "job.lock"

    @property
    def attempts(self) -> Path:
        """Folder of what is known of the service's processes for the sweep."""
        return self.root / "attempts"

    @property
    def conclusion(self) -> Path:
        """How the sweep ended; exists once it has ended for good."""
        return self.root / "conclusion.json"

    @property
    def best(self) -> Path:
        """The champion, ready to be exported."""
        return self.root / "best.yaml"

    @property
    def figures(self) -> Path:
        """Folder of the figures."""
        return self.root / "figures"

    @property
    def tensorboard(self) -> Path:
        """Folder of what TensorBoard reads."""
        return self.root / "tensorboard"

    @property
    def notices(self) -> Path:
        """Folder of what is told to whoever asked, and of what has been told."""
        return self.root / "notices"

    def result(self, trial: int, rung: int) -> Path:
        """Return where an evaluation's result is."""
        return self.root / "evaluations" / f"{trial:05d}" / f"{rung}.json"

    def checkpoint(self, trial: int, rung: int) -> Path:
        """Return where an evaluation's weights and optimizer state are."""
        return self.root / "checkpoints" / f"{trial:05d}" / f"{rung}.safetensors"

    def samples(self, trial: int, rung: int) -> Path:
        """Return where an evaluation's picture of samples is."""
        return self.root / "samples" / f"{trial:05d}" / f"{rung}.png"

    def log(self, trial: int, rung: int) -> Path:
        """Return where the workers that tried an evaluation wrote their log."""
        return self.root / "logs" / f"{trial:05d}-{rung}.log"

    @property
    def workers_log(self) -> Path:
        """Where workers write how they came up."""
        return self.root / "logs" / "workers.log"

    @property
    def record_log(self) -> Path:
        """Where the process that records the sweep writes what it cannot tell the driver."""
        return self.root / "record.log"

    def read_result(self, trial: int, rung: int) -> EvaluationResult | None:
        """Return an evaluation's result, or None if it has none yet.

        Raises:
            StorageError: The file is truncated, changed, or belongs elsewhere.
        """
        path = self.result(trial, rung)
        try:
            result = EvaluationResult.from_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise _refused(path, f"it must be a whole evaluation file, but {error}") from error
        if (result.sweep_id, result.trial, result.rung) != (self.sweep_id, trial, rung):
            found = f"sweep {result.sweep_id}, trial {result.trial}, rung {result.rung}"
            raise _refused(path, f"it must belong to {self.sweep_id}, trial {trial}, rung {rung}, but holds {found}")
        return result

    def evaluations(self) -> list[tuple[int, int]]:
        """Return trial and rung of every result, in order, without reading any.

        Raises:
            StorageError: A file in the folder is named as no result is.
        """
        # Not by pathlib, which takes twice as long or more: a service asks for every sweep, again and again.
        folder = str(self.root / "evaluations")
        try:
            trials = [entry.name for entry in os.scandir(folder) if entry.is_dir()]
            found = [(trial, name) for trial in trials for name in os.listdir(f"{folder}/{trial}")]  # noqa: PTH208  # as above
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _refused(Path(folder), f"it must be readable, but {error.strerror}") from error
        return sorted(self._key(trial, name) for trial, name in found if name.endswith(".json"))

    def results(self) -> Iterator[EvaluationResult]:
        """Yield every result, by trial and rung.

        Raises:
            StorageError: A file in the folder is no result of this sweep.
        """
        for trial, rung in self.evaluations():
            result = self.read_result(trial, rung)
            if result is not None:
                yield result

    def _key(self, folder: str, name: str) -> tuple[int, int]:
        """Return the trial and the rung that a result file is named for."""
        rung = name.removesuffix(".json")
        if folder.isdecimal() and rung.isdecimal() and (folder, rung) == (f"{int(folder):05d}", f"{int(rung)}"):
            return int(folder), int(rung)
        path = self.root / "evaluations" / folder / name
        raise _refused(path, "evaluation files are named <trial>/<rung>.json, the trial in five digits")

    def write_result(self, result: EvaluationResult) -> EvaluationResult:
        """Write a result unless one is there, and return the one that is there: the first stays."""
        if write_once(self.result(result.trial, result.rung), result.to_json().encode()):
            return result
        written = self.read_result(result.trial, result.rung)
        assert written is not None
        return written

    def read_json(self, path: Path) -> dict[str, Any] | None:
        """Return the object in one of the sweep's JSON files, or None if it does not exist.

        Raises:
            StorageError: The file holds no JSON object.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise _refused(path, f"it must be a whole JSON file, but {error}") from error
        if not isinstance(content, dict):
            raise _refused(path, "it must hold a JSON object")
        return content


def write_atomically(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write a file beside its place and rename it there, so that nobody ever sees half of it.

    Args:
        path: Its place.
        content: All of it.
        mode: Who may read it, less the umask.

    Raises:
        StorageError: The disk is full, or the place cannot be written.
    """
    with _written_beside(path, content, mode) as beside:
        beside.replace(path)


def write_once(path: Path, content: bytes, *, mode: int = 0o666) -> bool:
    """Write a file that never changes; return False if it is there already, and leave it alone.

    Args:
        path: Its place.
        content: All of it.
        mode: Who may read it, less the umask.

    Raises:
        StorageError: The disk is full, or the place cannot be written.
    """
    with _written_beside(path, content, mode) as beside:
        try:
            os.link(beside, path)
        except FileExistsError:
            return False
    return True


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield where to write a file that comes to its place, whole, when the block ends without an error.

    Raises:
        StorageError: The block raised `OSError`, or the place cannot be written.
    """
    with _beside(path) as beside:
        yield beside
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)


@contextmanager
def _written_beside(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """Write a file beside its place, for the block to bring it there; afterwards nothing lies beside."""
    with _beside(path) as beside:
        beside.touch(mode)
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield beside


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Yield a name beside a place, of which nothing is left afterwards; `OSError` becomes what people are told."""
    beside = path.with_name(f".{path.name}.{socket.gethostname()}-{os.getpid()}-{get_native_id()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
    except OSError as error:
        raise StorageError(
            f"{path} must be writable, but {error.strerror}. Make room or mend the folder, then run the sweep again: "
            "everything finished so far is kept."
        ) from error
    finally:
        with suppress(OSError):  # brought to its place, or never written
            beside.unlink()


def _refused(path: Path, rule: str) -> StorageError:
    return StorageError(f"{path}: {rule}. Restore the file, or move it away to have its evaluation computed again.")
