"""The images and labels of the datasets that a sweep can train on, as `dataset_facts` describes them.

Splitting into folds is not done here. The test part is read by `load_test` alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.affine_digits import draw_factors, draw_images
from models.dataset_facts import DATASETS, DatasetError, DatasetFacts, class_counts, facts_of
from models.idx_files import Pixels, read_idx

__all__ = ["Dataset", "load_test", "load_training"]

DIGITS_TEST_SEED = 1_797
"""Decides which fifth of the digits is their test part; part of every result on digits."""

LIMIT_SEED = 60_000
"""Decides which examples a `limit` keeps; part of every result with a limit."""

Part = Literal["training", "test"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with their labels.

    Attributes:
        name: Its name in specs.
        limit: How many examples were asked for; None for all.
        images: float32 (n, side, side), in [0, 1].
        labels: int64 (n,), from 0.
        sha256: Hash of the n images as unsigned bytes, as published (0 to 16 for digits, 0 to 255 otherwise), in C
            order, followed by the n labels as unsigned bytes.
    """

    name: str
    limit: int | None
    images: NDArray[np.float32]
    labels: NDArray[np.int64]
    sha256: str


def load_training(name: str, *, limit: int | None = None, folder: Path | None = None) -> Dataset:
    """Read the training part of a dataset, or a stratified subset of it, in the order of the original.

    Args:
        name: Its name in specs.
        limit: How many examples to keep: the same ones for everybody.
        folder: Where `<name>/` lies with the IDX files; what is missing there is downloaded into it. Not needed
            for datasets that come with an installed package.

    Raises:
        DatasetError: The dataset or the limit is not possible, or a file is missing or damaged.
    """
    counts = class_counts(name, limit)
    pixels, labels = _read(facts_of(name), "training", folder)
    if limit is not None:
        kept = _choose(labels, counts, LIMIT_SEED)
        pixels, labels = pixels[kept], labels[kept]
    return _dataset(facts_of(name), limit, pixels, labels)


def load_test(name: str, *, folder: Path | None = None) -> Dataset:
    """Read the test part of a dataset, which no sweep may touch; arguments and errors as in `load_training`."""
    facts = facts_of(name)
    return _dataset(facts, None, *_read(facts, "test", folder))


def _choose(labels: Pixels, counts: Sequence[int], seed: int) -> NDArray[np.intp]:
    """Return the positions, ascending, of `counts[c]` examples of each class c."""
    random = np.random.RandomState(seed)  # not `Generator`: numpy keeps this stream the same for ever (NEP 19)
    by_class = [np.flatnonzero(labels == label) for label in range(len(counts))]
    chosen = [random.permutation(members)[:count] for members, count in zip(by_class, counts, strict=True)]
    return np.sort(np.concatenate(chosen))


def _read(facts: DatasetFacts, part: Part, folder: Path | None) -> tuple[Pixels, Pixels]:
    if facts.name == "affine-digits":
        return _draw_affine_digits(part)
    if not facts.files:
        return _read_digits(facts, part)
    if folder is None:
        names = ", ".join(f"{file.name}.gz" for file in facts.files)
        raise DatasetError(
            f"{facts.name} must have a folder for its files, but $SWEEPS_DATA is not set. Set it to a folder; "
            f"{facts.name}/ in it holds {names}, plain or gzip, and what is missing is downloaded."
        )
    image_file, label_file = facts.files[:2] if part == "training" else facts.files[2:]
    images = read_idx(image_file, folder / facts.name)
    labels = read_idx(label_file, folder / facts.name)
    expected = facts.class_counts if part == "training" else facts.test_class_counts
    found = tuple(np.bincount(labels, minlength=facts.classes).tolist())
    if found != expected:
        path = folder / facts.name / label_file.name
        raise DatasetError(f"{path} must hold {expected} labels of each class, but it holds {found}. Replace the file.")
    return images, labels


def _read_digits(facts: DatasetFacts, part: Part) -> tuple[Pixels, Pixels]:
    from sklearn.datasets import load_digits  # seconds to import, and only this dataset needs it

    digits = load_digits()
    images, labels = digits.images.astype(np.uint8), digits.target.astype(np.uint8)
    in_test = np.zeros(len(labels), dtype=bool)
    in_test[_choose(labels, facts.test_class_counts, DIGITS_TEST_SEED)] = True
    chosen = in_test if part == "test" else ~in_test
    return images[chosen], labels[chosen]


def _draw_affine_digits(part: Part) -> tuple[Pixels, Pixels]:
    """Draw a part from the same part of the digits, so that no handwriting of the test is seen in training."""
    originals = DATASETS["digits"]
    pixels, labels = _read_digits(originals, part)
    factors = draw_factors(part)
    return draw_images(part, factors, pixels / originals.white, labels), factors[:, 0].astype(np.uint8)


def _dataset(facts: DatasetFacts, limit: int | None, pixels: Pixels, labels: Pixels) -> Dataset:
    digest = hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()
    images = pixels.astype(np.float32) / np.float32(facts.white)
    return Dataset(facts.name, limit, images, labels.astype(np.int64), digest)
