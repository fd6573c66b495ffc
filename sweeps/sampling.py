"""Samples of a trained model: as it draws them, or as a grid in which one code changes from column to column.

The same model, options and seed give the same bytes.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save

from models.base import GenerativeModel
from models.codes import CodeAxis, CodedModel, Latents
from models.saved import SavedModelError, load_model
from sweeps.errors import SweepError
from sweeps.execution.sample_grid import COLUMNS, sample_grid_png
from sweeps.vary import Variation

__all__ = ["FORMATS", "Samples", "draw", "encoding", "load_trained"]

Arrays = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Samples:
    """Images, and how they stand in a grid.

    Attributes:
        images: `(n, side, side)`, in [0, 1].
        codes: `(n, axes)`, what each was made from; None of a model without codes.
        columns: Images in a row of the grid.
    """

    images: npt.NDArray[np.float32]
    codes: npt.NDArray[np.float32] | None
    columns: int

    def arrays(self) -> Arrays:
        """Return the arrays by name."""
        return {"images": self.images} if self.codes is None else {"images": self.images, "codes": self.codes}


def load_trained(folder: Path) -> GenerativeModel:
    """Read a model that `sweeps train` wrote.

    Raises:
        SweepError: The folder holds no such model, or one that was changed.
    """
    try:
        return load_model(folder)
    except SavedModelError as error:
        raise SweepError(str(error)) from error


def draw(model: GenerativeModel, count: int, *, seed: int, vary: Variation | None = None) -> Samples:
    """Draw images.

    Args:
        model: The model.
        count: How many; with a variation, as many whole rows as hold them.
        seed: Of all randomness.
        vary: The code that changes along a row, while the noise and all other codes stay.

    Raises:
        SweepError: The model has no such code, or the code no such values.
    """
    generator = torch.Generator().manual_seed(seed)
    if vary is not None:
        return _draw_grid(model, count, generator, vary)
    if not isinstance(model, CodedModel):
        return Samples(model.sample(count, generator).numpy(), None, COLUMNS)
    latents = model.draw_latents(count, generator)
    with torch.no_grad():
        images = model.generate(latents)
    return Samples(images.numpy(), latents.codes.numpy(), COLUMNS)


def encoding(output: Path) -> Callable[[Samples], bytes]:
    """Return what makes the contents of a file of samples: a picture or arrays, as its name ends.

    Raises:
        SweepError: It ends in another way.
    """
    if output.suffix not in FORMATS:
        rule = f"samples are written as {', '.join(FORMATS)}"
        raise SweepError(f"{rule}, but got {output.name!r}. Choose one of these endings by -o.")
    return FORMATS[output.suffix]


def _draw_grid(model: GenerativeModel, count: int, generator: torch.Generator, vary: Variation) -> Samples:
    if not isinstance(model, CodedModel):
        raise SweepError(f"--vary needs a model with codes, but got --vary {vary.code}. Leave it out for this model.")
    column, values = _column_values(model.code_axes(), vary)
    rows = -(-count // len(values))
    latents = model.draw_latents(rows, generator)
    codes, noise = (each.repeat_interleave(len(values), dim=0) for each in latents)
    codes[:, column] = torch.tensor(values, dtype=codes.dtype).repeat(rows)
    with torch.no_grad():
        images = model.generate(Latents(codes, noise))
    return Samples(images.numpy(), codes.numpy(), len(values))


def _column_values(axes: tuple[CodeAxis, ...], vary: Variation) -> tuple[int, list[float]]:
    for column, axis in enumerate(axes):
        if axis.name == vary.code:
            return column, vary.values(axis, steps=COLUMNS)
    known = ", ".join(axis.name for axis in axes)
    raise SweepError(f"--vary must name a code of the model, but got {vary.code!r}. There are: {known}.")


def _png(samples: Samples) -> bytes:
    return sample_grid_png(samples.images, samples.columns)


def _safetensors(samples: Samples) -> bytes:
    return save(samples.arrays())


def _npz(samples: Samples) -> bytes:
    """Return what `numpy.load` reads; `numpy.savez` itself would write the time of day into it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in samples.arrays().items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue())
    return file.getvalue()


FORMATS: dict[str, Callable[[Samples], bytes]] = {".png": _png, ".npz": _npz, ".safetensors": _safetensors}
"""What samples are written as, by the ending of the file's name."""
