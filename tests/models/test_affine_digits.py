"""Affine digits: the factors say what was done to the originals, and every part is always the same."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from models.affine_digits import FACTORS, SIDE, draw_factors, draw_images
from models.datasets import load_test, load_training
from models.metrics.disentanglement import mutual_information

PIXEL = np.zeros((8, 8))
PIXEL[3, 6] = 1.0
"""One bright pixel, half a pixel above the centre of the original and two and a half to the right."""

MIDDLE = {"class": 0, "rotation": 2, "scale": 1, "shift_x": 2, "shift_y": 2}


def bright_spot(**indices: int) -> NDArray[np.float64]:
    """Return how far below and to the right of the image's centre the pixel comes to lie, in pixels."""
    factors = np.array([list({**MIDDLE, **indices}.values())])
    image = draw_images("training", factors, np.stack([PIXEL] * 10), np.arange(10, dtype=np.uint8))[0].astype(float)
    rows, columns = np.indices(image.shape)
    centre = (SIDE - 1) / 2
    spot: NDArray[np.float64] = np.array([(rows * image).sum(), (columns * image).sum()]) / image.sum() - centre
    return spot


@pytest.mark.parametrize("index", range(5))
def test_a_digit_is_turned_counterclockwise_about_its_centre(index: int) -> None:
    angle = math.radians(FACTORS["rotation"][index])
    up, right = 2.2 * 0.5, 2.2 * 2.5
    turned_up = up * math.cos(angle) + right * math.sin(angle)
    turned_right = right * math.cos(angle) - up * math.sin(angle)
    assert bright_spot(rotation=index) == pytest.approx([-turned_up, turned_right], abs=0.1)


@pytest.mark.parametrize(("index", "scale"), [*enumerate(FACTORS["scale"])])
def test_a_digit_is_scaled_about_its_centre(index: int, scale: float) -> None:
    assert bright_spot(scale=index) == pytest.approx([-0.5 * scale, 2.5 * scale], abs=0.1)


@pytest.mark.parametrize(("index", "shift"), [*enumerate(FACTORS["shift_x"])])
def test_a_digit_is_shifted_by_whole_pixels(index: int, shift: float) -> None:
    assert bright_spot(shift_x=index) - bright_spot() == pytest.approx([0, shift], abs=1e-9)
    assert bright_spot(shift_y=index) - bright_spot() == pytest.approx([shift, 0], abs=1e-9)


def test_every_value_of_every_factor_is_as_likely_whatever_the_others_are() -> None:
    factors = draw_factors("training")
    for column, (name, values) in zip(factors.T, FACTORS.items(), strict=True):
        share = np.bincount(column) / len(column)
        assert share == pytest.approx(np.full(len(values), 1 / len(values)), abs=0.02), name
    for first in range(5):
        for second in range(first):
            assert mutual_information(factors[:, first], factors[:, second]) < 0.005


def test_the_labels_are_the_first_factor_and_the_handwriting_is_of_that_class() -> None:
    ones = np.arange(1, 11) / 10  # the class decides how bright an original is
    factors = draw_factors("test")
    originals = np.ones((10, 8, 8)) * ones[:, None, None]
    images = draw_images("test", factors, originals, np.arange(10, dtype=np.uint8))
    assert images.max(axis=(1, 2)) == pytest.approx(255 * ones[factors[:, 0]], abs=1)
    assert (load_test("affine-digits").labels == factors[:, 0]).all()


def test_the_same_images_are_drawn_for_ever() -> None:
    training = "e1dc15aceee72b3b1e9586139768b41c90128b619f61527fae2f72e5949085f9"
    assert load_training("affine-digits").sha256 == training
    assert load_test("affine-digits").sha256 == "f5ea8f97fc9581a573e137633f99da40c34fa75ceea79a8d621e6ff935bb76f3"
