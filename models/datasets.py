"""The datasets that a sweep can train on: their facts, known without any data, and their images.

Imports neither torch nor scikit-learn, so that a spec is checked in milliseconds. Splitting into folds is not done
here. The test part is read by `load_test` alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.affine_digits import PER_CLASS, draw_factors, draw_images
from models.idx_files import DatasetError, IdxFile, Pixels, read_idx

__all__ = ["DATASETS", "Dataset", "DatasetError", "DatasetFacts", "class_counts", "load_test", "load_training"]

DIGITS_TEST_SEED = 1_797
"""Decides which fifth of the digits is their test part; part of every result on digits."""

LIMIT_SEED = 60_000
"""Decides which examples a `limit` keeps; part of every result with a limit."""

Part = Literal["training", "test"]


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a dataset without reading it.

    Attributes:
        name: Its name in specs.
        meaning: One line for people.
        side: Height and width of an image in pixels.
        white: The pixel value that becomes 1.0.
        class_counts: Examples of each class in the training part.
        test_class_counts: Examples of each class in the test part.
        files: Training images, training labels, test images and test labels; empty if the dataset comes with an
            installed package or is made from one that does.
    """

    name: str
    meaning: str
    side: int
    white: int
    class_counts: tuple[int, ...]
    test_class_counts: tuple[int, ...]
    files: tuple[IdxFile, ...] = ()

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.class_counts)

    @property
    def levels(self) -> int:
        """How many greys a pixel can have."""
        return self.white + 1

    @property
    def size(self) -> int:
        """How many examples the training part has."""
        return sum(self.class_counts)


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


def _idx_files(url: str, md5: Sequence[str], sha256: Sequence[str]) -> tuple[IdxFile, ...]:
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    shapes = ((60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,))
    columns = zip(names, shapes, md5, sha256, strict=True)
    return tuple(IdxFile(name, shape, f"{url}/{name}.gz", md5, sha256) for name, shape, md5, sha256 in columns)


DATASETS: dict[str, DatasetFacts] = {
    "digits": DatasetFacts(
        name="digits",
        meaning="1,797 handwritten digits of 8×8 pixels, installed with scikit-learn",
        side=8,
        white=16,
        class_counts=(142, 145, 142, 146, 145, 146, 145, 143, 139, 144),
        test_class_counts=(36, 37, 35, 37, 36, 36, 36, 36, 35, 36),
    ),
    "affine-digits": DatasetFacts(
        name="affine-digits",
        meaning="12,000 images of 28×28 pixels: the digits turned, scaled and shifted by known amounts",
        side=28,
        white=255,
        class_counts=(PER_CLASS["training"],) * 10,
        test_class_counts=(PER_CLASS["test"],) * 10,
    ),
    "mnist": DatasetFacts(
        name="mnist",
        meaning="70,000 handwritten digits of 28×28 pixels (LeCun, Cortes and Burges)",
        side=28,
        white=255,
        class_counts=(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
        test_class_counts=(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
        files=_idx_files(
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            md5=(
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "d53e105ee54ea40749a09fcbcd1e9432",
                "9fb629c4189551a2d022fa330f9573f3",
                "ec29112dd5afa0611ce80d1b7f02629c",
            ),
            sha256=(
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ),
    ),
    "fashion-mnist": DatasetFacts(
        name="fashion-mnist",
        meaning="70,000 articles of clothing of 28×28 pixels (Xiao, Rasul and Vollgraf)",
        side=28,
        white=255,
        class_counts=(6000,) * 10,
        test_class_counts=(1000,) * 10,
        files=_idx_files(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
            md5=(
                "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "25c81989df183df01b3e8a0aad5dffbe",
                "bef4ecab320f06d8554ea6380940ec79",
                "bb300cfdad3c16e7a12a480ee83cd310",
            ),
            sha256=("", "", "", ""),
        ),
    ),
}
"""Every dataset by its name in specs."""


def class_counts(name: str, limit: int | None = None) -> tuple[int, ...]:
    """Return how many training examples of each class a dataset has, or keeps under a limit, without reading it.

    A limit is shared out among the classes by largest remainder; of equal remainders the lower class wins.

    Raises:
        DatasetError: The dataset is unknown, or the limit is not from 1 to its size.
    """
    facts = _facts(name)
    if limit is None:
        return facts.class_counts
    if not 1 <= limit <= facts.size:
        raise DatasetError(
            f"the limit of {name} must be from 1 to {facts.size}, but got {limit}. Leave it out to use all."
        )
    return _largest_remainder(facts.class_counts, limit)


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
    pixels, labels = _read(_facts(name), "training", folder)
    if limit is not None:
        kept = _choose(labels, counts, LIMIT_SEED)
        pixels, labels = pixels[kept], labels[kept]
    return _dataset(_facts(name), limit, pixels, labels)


def load_test(name: str, *, folder: Path | None = None) -> Dataset:
    """Read the test part of a dataset, which no sweep may touch; arguments and errors as in `load_training`."""
    facts = _facts(name)
    return _dataset(facts, None, *_read(facts, "test", folder))


def _facts(name: str) -> DatasetFacts:
    if name not in DATASETS:
        raise DatasetError(f"the dataset must be one of {', '.join(DATASETS)}, but got {name!r}.")
    return DATASETS[name]


def _largest_remainder(counts: tuple[int, ...], limit: int) -> tuple[int, ...]:
    size = sum(counts)
    shares = [count * limit // size for count in counts]
    remainders = [count * limit % size for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda label: (-remainders[label], label))
    for label in by_remainder[: limit - sum(shares)]:
        shares[label] += 1
    return tuple(shares)


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
