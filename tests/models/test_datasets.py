"""Datasets: what is known without data agrees with the data; limits, parts and hashes are always the same."""

import gzip
import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from models.dataset_facts import DATASETS, DatasetError, DatasetFacts, IdxFile, class_counts
from models.datasets import load_test, load_training

LABELS = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 2], dtype=np.uint8)
IMAGES = (np.arange(90, dtype=np.uint8) * 2).reshape(10, 3, 3)

MNIST_FOLDER = Path(os.environ.get("SWEEPS_DATA", "")) / "mnist"


def idx(values: NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + b"".join(n.to_bytes(4, "big") for n in values.shape) + values.tobytes()


ZIPPED_LABELS = gzip.compress(idx(LABELS))


@pytest.fixture
def tiny_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset `tiny` of ten training examples, of which no test files exist, in a folder with an awkward name."""
    nowhere = "http://127.0.0.1:9/nothing.gz"
    shapes = {"images": (10, 3, 3), "labels": (10,), "test-images": (2, 3, 3), "test-labels": (2,)}
    md5 = hashlib.md5(ZIPPED_LABELS, usedforsecurity=False).hexdigest()
    files = tuple(IdxFile(name, shape, nowhere, md5) for name, shape in shapes.items())
    facts = DatasetFacts("tiny", "ten images", 3, 255, (6, 3, 1), (1, 1, 0), files)
    monkeypatch.setitem(DATASETS, "tiny", facts)
    folder = tmp_path / "a 'quoted' folder"
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny" / "images").write_bytes(idx(IMAGES))
    (folder / "tiny" / "labels.gz").write_bytes(ZIPPED_LABELS)
    return folder


def test_the_facts_need_neither_torch_nor_numpy() -> None:
    code = (
        "import sys, models.dataset_facts, models.objectives;"
        "print(sorted({'torch', 'sklearn', 'pooch', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "training", "test"),
    [
        ("digits", 1437, 360),
        ("affine-digits", 10_000, 2_000),
        ("mnist", 60_000, 10_000),
        ("fashion-mnist", 60_000, 10_000),
    ],
)
def test_every_part_has_its_published_size(name: str, training: int, test: int) -> None:
    facts = DATASETS[name]
    assert (facts.name, facts.classes, facts.size, sum(facts.test_class_counts)) == (name, 10, training, test)


def test_the_parts_of_digits_are_disjoint_and_together_all_of_them() -> None:
    original = load_digits()
    training, test = load_training("digits"), load_test("digits")
    split = Counter(image.tobytes() for image in np.concatenate([training.images, test.images]))
    assert split == Counter((image / 16).astype(np.float32).tobytes() for image in original.images)
    assert len(training.labels) + len(test.labels) == len(original.target)


@pytest.mark.parametrize("limit", [None, 1437, 200, 3])
def test_the_counts_known_without_data_are_those_of_the_digits(limit: int | None) -> None:
    labels = load_training("digits", limit=limit).labels
    assert tuple(np.bincount(labels, minlength=10).tolist()) == class_counts("digits", limit)


def test_the_test_counts_of_digits_are_those_of_its_test_part() -> None:
    counts = np.bincount(load_test("digits").labels)
    assert tuple(counts.tolist()) == DATASETS["digits"].test_class_counts


def test_digits_are_floats_from_0_to_1_in_their_own_grain() -> None:
    digits = load_training("digits")
    assert digits.images.shape == (1437, 8, 8)
    assert digits.images.dtype == np.float32
    assert (digits.images.min(), digits.images.max()) == (0.0, 1.0)
    assert np.array_equal(digits.images * 16, np.round(digits.images * 16))


def test_the_same_digits_are_drawn_for_ever() -> None:
    assert load_training("digits").sha256 == "ceba5f4989342e7e783c4e78dc0c8024ea85b4ca4bab8d1f7c644579925676a6"
    assert (
        load_training("digits", limit=200).sha256 == "74206b873b543a69e84601c8725eddd7c2194d257b31dc8ea1405123c98d735b"
    )
    assert load_test("digits").sha256 == "ff4c9b931331b28258682c53381865816cad2ee50c0bf1417954ba88b5698236"


@given(name=st.sampled_from(sorted(DATASETS)), share=st.floats(0, 1))
def test_a_limit_is_shared_out_in_proportion(name: str, share: float) -> None:
    size = DATASETS[name].size
    limit = max(1, round(share * size))
    counts = class_counts(name, limit)
    assert sum(counts) == limit
    for kept, there in zip(counts, DATASETS[name].class_counts, strict=True):
        assert abs(kept - there * limit / size) < 1


def test_largest_remainders_decide_who_gets_the_rest(tiny_folder: Path) -> None:
    # Of 6, 3 and 1, half is 3, 1.5 and 0.5: two equal remainders for one place, and the lower class wins.
    assert class_counts("tiny", 5) == (3, 2, 0)
    assert class_counts("tiny", 7) == (4, 2, 1)  # 4.2, 2.1 and 0.7


@pytest.mark.parametrize("limit", [0, -1, 1438])
def test_an_impossible_limit_is_refused(limit: int) -> None:
    with pytest.raises(DatasetError, match=f"from 1 to 1437, but got {limit}"):
        class_counts("digits", limit)


def test_an_unknown_dataset_is_answered_with_those_that_exist() -> None:
    with pytest.raises(DatasetError, match="one of digits, affine-digits, mnist, fashion-mnist, but got 'digit'"):
        load_training("digit")


def test_plain_and_gzip_files_are_read_in_their_order(tiny_folder: Path) -> None:
    tiny = load_training("tiny", folder=tiny_folder)
    assert np.array_equal(tiny.images, IMAGES.astype(np.float32) / np.float32(255))
    assert np.array_equal(tiny.labels, LABELS)
    assert tiny.labels.dtype == np.int64


def test_a_limit_keeps_examples_with_their_labels_in_order(tiny_folder: Path) -> None:
    tiny = load_training("tiny", limit=5, folder=tiny_folder)
    positions = [int(np.flatnonzero((np.round(image * 255) == IMAGES).all(axis=(1, 2)))[0]) for image in tiny.images]
    assert positions == sorted(set(positions))
    assert tiny.labels.tolist() == LABELS[positions].tolist() == [0, 0, 0, 1, 1]
    assert tiny.limit == 5


def test_training_never_reads_the_test_files_which_alone_are_missing(tiny_folder: Path) -> None:
    assert len(load_training("tiny", folder=tiny_folder).labels) == 10
    with pytest.raises(DatasetError, match="test-images must exist"):
        load_test("tiny", folder=tiny_folder)


def test_the_hash_changes_with_a_pixel_and_with_a_label(tiny_folder: Path) -> None:
    before = load_training("tiny", folder=tiny_folder).sha256
    changed = IMAGES.copy()
    changed[9, 2, 2] += 1
    (tiny_folder / "tiny" / "images").write_bytes(idx(changed))
    other_pixel = load_training("tiny", folder=tiny_folder).sha256
    swapped = LABELS[[6, *range(1, 6), 0, *range(7, 10)]]
    (tiny_folder / "tiny" / "labels").write_bytes(idx(swapped))
    assert len({before, other_pixel, load_training("tiny", folder=tiny_folder).sha256}) == 3


def test_other_class_counts_than_published_are_refused(tiny_folder: Path) -> None:
    (tiny_folder / "tiny" / "labels").write_bytes(idx(np.roll(LABELS, 1) * 0))
    with pytest.raises(DatasetError, match=r"tiny/labels must hold \(6, 3, 1\) .* it holds \(10, 0, 0\)"):
        load_training("tiny", folder=tiny_folder)


def test_without_a_folder_the_answer_says_what_to_set_and_which_files_are_meant() -> None:
    with pytest.raises(DatasetError, match=r"\$SWEEPS_DATA is not set.*mnist/ in it holds train-images-idx3-ubyte"):
        load_training("mnist")


if MNIST_FOLDER.is_dir():  # the only data that do not come with the dependencies

    @pytest.mark.parametrize("limit", [None, 6000])
    def test_the_real_mnist_passes_every_check(limit: int | None) -> None:
        mnist = load_training("mnist", limit=limit, folder=MNIST_FOLDER.parent)
        assert tuple(np.bincount(mnist.labels).tolist()) == class_counts("mnist", limit)
        assert (mnist.images.shape[1:], float(mnist.images.max())) == ((28, 28), 1.0)
