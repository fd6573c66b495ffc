"""Idempotency keys: which sweep each was first used for, as a file that never changes."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from sweeps.errors import StorageError
from sweeps.execution.storage import write_once

__all__ = ["Keys"]


@dataclass(frozen=True)
class Keys:
    """The keys of a service.

    Attributes:
        folder: `<home>/service/keys`.
    """

    folder: Path

    def bind(self, key: str, by: str, ref: str) -> str:
        """Bind a submitter's key to a sweep, and return the sweep that it is bound to: the first stays.

        Raises:
            StorageError: The file cannot be written, or is damaged.
        """
        # A hash: keys are anybody's text, and names of files are not.
        path = self.folder / f"{hashlib.sha256(json.dumps([by, key]).encode()).hexdigest()}.json"
        write_once(path, json.dumps({"ref": ref}).encode())
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))["ref"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StorageError(
                f"{path} must name a sweep, but cannot be read. Remove it, then submit again."
            ) from error
