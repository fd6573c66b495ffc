"""The IDX files of MNIST and its kin: found in a folder or downloaded into it, checked, and read.

Owns the file format, its checks and their error texts; which files make up which dataset is said in `datasets`.
Format (LeCun, Cortes and Burges): two zero bytes, one for the type (8 = unsigned byte), one for the number of
dimensions, each dimension as four bytes big-endian, then the values in C order.
"""

import gzip
import hashlib
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["DatasetError", "IdxFile", "Pixels", "read_idx"]

Pixels = NDArray[np.uint8]

UNSIGNED_BYTE = 8


class DatasetError(ValueError):
    """A dataset cannot be had as asked; the text names rule, value and remedy, and the path if there is one."""


@dataclass(frozen=True)
class IdxFile:
    """What one file must be.

    Attributes:
        name: Its usual name, without `.gz`.
        shape: The dimensions that its header must state.
        url: Where its gzip form is published.
        md5: Hash of that gzip form; a download must have it.
        sha256: Hash of the decompressed contents, so that plain and gzip files pass the same check; empty where
            it has not been established: such a file is checked by its structure and its class counts only.
    """

    name: str
    shape: tuple[int, ...]
    url: str
    md5: str
    sha256: str = ""

    @property
    def header(self) -> bytes:
        """The bytes before the values."""
        dimensions = b"".join(size.to_bytes(4, "big") for size in self.shape)
        return bytes([0, 0, UNSIGNED_BYTE, len(self.shape)]) + dimensions


def read_idx(file: IdxFile, folder: Path) -> Pixels:
    """Return the values of one file, from `folder`, plain or gzip; download it there if it is in neither form.

    Raises:
        DatasetError: It is missing and cannot be downloaded, or it is not what `file` says.
    """
    path = _find(file, folder) or _download(file, folder)
    contents = _decompress(path)
    header_length = len(file.header)
    _require(contents[:header_length] == file.header, path, f"begin with the IDX header of shape {file.shape}")
    values = math.prod(file.shape)
    found = len(contents) - header_length
    _require(found == values, path, f"hold {values} values, but it holds {found}")
    digest = hashlib.sha256(contents).hexdigest()
    _require(file.sha256 in ("", digest), path, f"have the SHA-256 {file.sha256}, but it has {digest}")
    return np.frombuffer(contents, np.uint8, offset=header_length).reshape(file.shape)


def _find(file: IdxFile, folder: Path) -> Path | None:
    candidates = (folder / file.name, folder / f"{file.name}.gz")
    return next((path for path in candidates if path.is_file()), None)


def _download(file: IdxFile, folder: Path) -> Path:
    import pooch  # it costs a tenth of a second and is seldom needed

    name = f"{file.name}.gz"
    try:
        return Path(pooch.retrieve(file.url, known_hash=f"md5:{file.md5}", fname=name, path=folder))
    except OSError as error:
        raise DatasetError(_missing(file, folder, f"it cannot be downloaded ({type(error).__name__})")) from error
    except ValueError as error:  # how pooch says that the hash is another one; it keeps no such file
        raise DatasetError(_missing(file, folder, f"another file than the one with MD5 {file.md5} comes")) from error


def _decompress(path: Path) -> bytes:
    contents = path.read_bytes()
    if path.suffix != ".gz":
        return contents
    try:
        return gzip.decompress(contents)
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(_damaged(path, f"be a whole gzip file ({error})")) from error


def _missing(file: IdxFile, folder: Path, problem: str) -> str:
    return (
        f"{folder / file.name} must exist, plain or as {file.name}.gz; it does not, and {problem} from {file.url}. "
        f"Put the file there, or set $SWEEPS_DATA to the folder that holds {folder.name}/{file.name}.gz."
    )


def _require(holds: bool, path: Path, rule: str) -> None:
    if not holds:
        raise DatasetError(_damaged(path, rule))


def _damaged(path: Path, rule: str) -> str:
    return f"{path} must {rule}. Remove it to have it downloaded again, or put the original in its place."
