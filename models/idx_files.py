"""The IDX files of MNIST and its kin: found in a folder or downloaded into it, checked, and read.

Owns the file format, its checks and their error texts; which files make up which dataset is said in `dataset_facts`.
Format (LeCun, Cortes and Burges): two zero bytes, one for the type (8 = unsigned byte), one for the number of
dimensions, each dimension as four bytes big-endian, then the values in C order.
"""

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.dataset_facts import DatasetError, IdxFile

__all__ = ["Pixels", "read_idx"]

Pixels = NDArray[np.uint8]


def read_idx(file: IdxFile, folder: Path) -> Pixels:
    """Return the values of one file, from `folder`, plain or gzip; download it there if it is in neither form.

    Raises:
        DatasetError: It is missing and cannot be downloaded, or it is not what `file` says.
    """
    path = _find(file, folder) or _download(file, folder)
    contents = _decompress(path, file)
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


def _decompress(path: Path, file: IdxFile) -> bytes:
    contents = path.read_bytes()
    if path.suffix != ".gz":
        return contents
    if not file.sha256:
        md5 = hashlib.md5(contents, usedforsecurity=False).hexdigest()
        _require(md5 == file.md5, path, f"have the MD5 {file.md5}, but it has {md5}")
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
