"""The folder that a trained model is written into: whose it is, how far its training has come, and its files.

Every file is written beside and renamed; `config.json` comes last and vouches for the others. What only the training
needs lies in `.training`, which goes when the model is there.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from models.saved import CONFIG, WEIGHTS, SavedModelError, read_config
from sweeps.errors import LeaseError, StorageError, SweepError
from sweeps.execution.lease import hold_lease
from sweeps.execution.storage import write_atomically

__all__ = ["ModelFolder", "Recipe"]

Recipe = dict[str, Any]
"""Everything that the weights follow from, as plain JSON: two trainings with one recipe end with the same bits."""

ELSEWHERE = "Choose another folder by -o."


@dataclass(frozen=True)
class ModelFolder:
    """A folder for one model."""

    root: Path

    @property
    def weights(self) -> Path:
        """The model's weights."""
        return self.root / WEIGHTS

    @property
    def config(self) -> Path:
        """What it takes to build the model, and what it was trained by."""
        return self.root / CONFIG

    @property
    def card(self) -> Path:
        """What people read."""
        return self.root / "README.md"

    @property
    def samples(self) -> Path:
        """A picture of samples."""
        return self.root / "samples.png"

    def is_finished(self, recipe: Recipe) -> bool:
        """Tell whether the model is there already; False if it is still to be trained, or to be trained further.

        Raises:
            SweepError: The folder is another's.
        """
        if self.config.exists():
            return self._finished_by(recipe)
        if self._recipe.exists():
            self._must_be(recipe)
        elif self.root.exists():
            self._must_be_empty()
        return False

    @contextmanager
    def claimed(self, recipe: Recipe) -> Iterator[None]:
        """Hold the folder for the training of a model; a process that dies lets go of it.

        Side effects: makes the folder, and notes in it what is trained.

        Raises:
            SweepError: The folder is another's, cannot be written, or another process is at it.
        """
        self.is_finished(recipe)
        self._make()
        try:
            with hold_lease(self._work / "lease.json"):
                if not self.is_finished(recipe):
                    write_atomically(self._recipe, json.dumps(recipe, indent=1).encode())
                yield
        except LeaseError as error:
            rule = f"one process trains a model at a time, but another is at {self.root}"
            raise SweepError(f"{rule}. Wait for it, or stop it: what it did is kept.") from error

    def read_checkpoint(self) -> dict[str, Tensor] | None:
        """Return what `write_checkpoint` wrote last, or None if there is nothing yet.

        Raises:
            StorageError: The file is damaged.
        """
        if not self._checkpoint.exists():
            return None
        try:
            return load_file(self._checkpoint)
        except (OSError, SafetensorError) as error:
            raise self.damaged(str(error)) from error

    def write_checkpoint(self, tensors: Mapping[str, Tensor]) -> None:
        """Keep how far the training has come, in place of what was kept before."""
        write_atomically(self._checkpoint, save(dict(tensors)))

    def clear_away(self) -> None:
        """Remove what only the training needed."""
        shutil.rmtree(self._work, ignore_errors=True)

    def damaged(self, why: str) -> StorageError:
        """Return the error that the checkpoint is not what it was."""
        return StorageError(
            f"{self._checkpoint} must be a whole checkpoint, but {why}. Remove {self._work} to train from the start."
        )

    @property
    def _work(self) -> Path:
        return self.root / ".training"

    @property
    def _recipe(self) -> Path:
        return self._work / "recipe.json"

    @property
    def _checkpoint(self) -> Path:
        return self._work / "checkpoint.safetensors"

    def _make(self) -> None:
        try:
            self._work.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SweepError(f"{self.root} must be writable, but {error.strerror}. {ELSEWHERE}") from error

    def _finished_by(self, recipe: Recipe) -> bool:
        try:
            found = read_config(self.root)
        except SavedModelError as error:
            raise SweepError(f"{self.root} must be a new folder, but holds something else: {error}") from error
        if found.training.get("recipe") != recipe:
            raise SweepError(
                f"{self.root} must be new or hold this model, but holds another {found.model}. {ELSEWHERE}"
            )
        return True

    def _must_be(self, recipe: Recipe) -> None:
        try:
            found = json.loads(self._recipe.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SweepError(f"{self._recipe} must be a whole JSON file, but {error}. {ELSEWHERE}") from error
        if found != recipe:
            rule = f"{self.root} must be new or hold the begin of this training, but holds that of another"
            raise SweepError(f"{rule}: they differ in {', '.join(_differences(found, recipe))}. {ELSEWHERE}")

    def _must_be_empty(self) -> None:
        if not self.root.is_dir():
            raise SweepError(f"{self.root} must be a folder, but is a file. {ELSEWHERE}")
        others = sorted(path.name for path in self.root.iterdir() if path != self._work)
        if others:
            raise SweepError(f"{self.root} must be new or empty, but holds {', '.join(others[:3])}. {ELSEWHERE}")


def _differences(found: Any, recipe: Recipe) -> list[str]:
    if not isinstance(found, dict):
        return ["everything"]
    return [name for name in recipe | found if found.get(name) != recipe.get(name)]
