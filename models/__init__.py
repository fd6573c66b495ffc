"""What a sweep trains: datasets, models, losses and measures. Knows nothing of Ray and MLflow.

`models.load` reads a trained model; importing this package imports no torch.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.base import GenerativeModel

__all__ = ["load"]


def load(folder: str | Path) -> "GenerativeModel":
    """Read a model that `sweeps train` wrote: `models.load("model/").sample(64, torch.Generator())`.

    Raises:
        SavedModelError: The folder holds no such model, or one that was changed.
    """
    from models.saved import load_model  # seconds of imports that others of this package do without

    return load_model(Path(folder))
