"""What is known of the datasets that a sweep can train on without reading them: enough to check a spec and plan it.

Imports nothing that costs time, numpy included, so that commands answer at once. Reading is done in `datasets`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["AFFINE_DIGITS", "DATASETS", "DatasetError", "DatasetFacts", "IdxFile", "class_counts", "facts_of"]

AFFINE_DIGITS = {"training": 1000, "test": 200}
"""Images of each class in the parts of `affine-digits`, which is made and could have any number."""

UNSIGNED_BYTE = 8
"""How the header of an IDX file calls the type of its values."""


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
        sha256: Hash of the decompressed contents, so that plain and gzip files pass the same check. Empty where it has
            not been established: then a gzip file must be the published one, and of a plain one only the structure and
            the class counts are checked.
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
        class_counts=(AFFINE_DIGITS["training"],) * 10,
        test_class_counts=(AFFINE_DIGITS["test"],) * 10,
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


def facts_of(name: str) -> DatasetFacts:
    """Return what is known of a dataset.

    Raises:
        DatasetError: There is none of that name.
    """
    if name not in DATASETS:
        raise DatasetError(f"the dataset must be one of {', '.join(DATASETS)}, but got {name!r}.")
    return DATASETS[name]


def class_counts(name: str, limit: int | None = None) -> tuple[int, ...]:
    """Return how many training examples of each class a dataset has, or keeps under a limit, without reading it.

    A limit is shared out among the classes by largest remainder; of equal remainders the lower class wins.

    Raises:
        DatasetError: The dataset is unknown, or the limit is not from 1 to its size.
    """
    facts = facts_of(name)
    if limit is None:
        return facts.class_counts
    if not 1 <= limit <= facts.size:
        raise DatasetError(
            f"the limit of {name} must be from 1 to {facts.size}, but got {limit}. Leave it out to use all."
        )
    return _largest_remainder(facts.class_counts, limit)


def _largest_remainder(counts: tuple[int, ...], limit: int) -> tuple[int, ...]:
    size = sum(counts)
    shares = [count * limit // size for count in counts]
    remainders = [count * limit % size for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda label: (-remainders[label], label))
    for label in by_remainder[: limit - sum(shares)]:
        shares[label] += 1
    return tuple(shares)
