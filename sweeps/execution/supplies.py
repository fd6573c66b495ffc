"""What workers are sent, once, through Ray's object store: arrays that all of them read and none copies."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.datasets import Dataset
from sweeps.execution.storage import SweepFiles
from sweeps.spec import SweepSpec

__all__ = ["Supplies"]


@dataclass(frozen=True, eq=False)
class Supplies:
    """The sweep as workers need it.

    Attributes:
        spec: Its spec.
        files: Where its results go.
        features: Folder of the feature networks that do not ship.
        dataset: The training part; the test part is never sent.
        folds: `(n,)`, the fold in which each example validates.
    """

    spec: SweepSpec
    files: SweepFiles
    features: Path
    dataset: Dataset
    folds: npt.NDArray[np.int64]
