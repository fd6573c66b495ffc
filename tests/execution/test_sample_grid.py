"""The picture of samples: its size, its order, and ink on paper."""

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from sweeps.execution.sample_grid import COLUMNS, GAP, sample_grid_png


def decoded(images: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    with Image.open(io.BytesIO(sample_grid_png(images))) as image:
        assert (image.format, image.mode) == ("PNG", "L")
        return np.asarray(image)


@pytest.mark.parametrize(("side", "scale"), [(8, 3), (28, 1), (24, 1), (10, 3)])
@pytest.mark.parametrize(("count", "rows"), [(60, 6), (10, 1), (11, 2), (1, 1)])
def test_the_grid_has_ten_columns_of_images_of_at_least_24_pixels(side: int, scale: int, count: int, rows: int) -> None:
    pitch = side * scale + GAP
    grid = decoded(np.zeros((count, side, side), dtype=np.float32))
    assert grid.shape == (rows * pitch + GAP, COLUMNS * pitch + GAP)


def test_images_stand_row_by_row_enlarged_and_inverted() -> None:
    images = np.random.default_rng(0).random((13, 8, 8)).astype(np.float32)
    grid, pitch = decoded(images), 26
    for number, image in enumerate(images):
        top, left = GAP + pitch * (number // 10), GAP + pitch * (number % 10)
        tile = grid[top : top + 24, left : left + 24]
        assert np.array_equal(tile[1::3, 1::3], np.round((1 - image.astype(np.float64)) * 255).astype(np.uint8))
        assert np.array_equal(tile, np.kron(tile[1::3, 1::3], np.ones((3, 3), dtype=np.uint8)))


def test_gaps_and_empty_places_are_grey() -> None:
    grid = decoded(np.zeros((1, 28, 28), dtype=np.float32))
    assert set(grid[:GAP].ravel()) == set(grid[:, 40:].ravel()) == {217}


def test_pixels_outside_the_range_are_cut_off_and_what_is_no_number_is_0() -> None:
    images = np.stack([np.full((28, 28), value, dtype=np.float32) for value in (-3.0, 7.0, np.nan)])
    grid = decoded(images)
    assert [grid[10, left] for left in (10, 40, 70)] == [255, 0, 255]


def test_the_same_images_are_the_same_bytes() -> None:
    images = np.random.default_rng(0).random((20, 8, 8)).astype(np.float32)
    assert sample_grid_png(images) == sample_grid_png(images)


def test_a_grid_may_have_other_columns() -> None:
    images = np.random.default_rng(0).random((6, 28, 28)).astype(np.float32)
    with Image.open(io.BytesIO(sample_grid_png(images, columns=3))) as image:
        grid = np.asarray(image)
    assert grid.shape == (2 * 30 + GAP, 3 * 30 + GAP)
    assert np.array_equal(grid[32:60, 2:30], np.round((1 - images[3].astype(np.float64)) * 255).astype(np.uint8))
