"""Handwritten digits turned, scaled and shifted by known amounts: images whose factors of variation are known.

Made from scikit-learn's digits, in seconds; nothing is stored. Factors are drawn uniformly and independently;
which handwriting shows a class is the one thing that no factor tells.
"""

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.dataset_facts import AFFINE_DIGITS
from models.idx_files import Pixels

__all__ = ["FACTORS", "SIDE", "draw_factors", "draw_images"]

SIDE = 28

FACTORS: dict[str, tuple[float, ...]] = {
    "class": (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    "rotation": (-40, -20, 0, 20, 40),
    "scale": (1.6, 2.2, 2.8),
    "shift_x": (-4, -2, 0, 2, 4),
    "shift_y": (-4, -2, 0, 2, 4),
}
"""Values of each factor: degrees counterclockwise, pixels of the image to a pixel of the original, pixels to the right
and downwards."""

SEEDS = {"training": 10_000, "test": 2_000}
"""Decide the factors and the handwriting of each part; part of every result on them."""

Part = Literal["training", "test"]
Indices = NDArray[np.int64]


def draw_factors(part: Part) -> Indices:
    """Return which of its values each factor of each image has: `(n, 5)` in the order of `FACTORS`; always the same."""
    random = np.random.RandomState(SEEDS[part])  # not `Generator`: numpy keeps this stream the same for ever (NEP 19)
    classes = random.permutation(np.repeat(np.arange(len(FACTORS["class"])), AFFINE_DIGITS[part]))
    others = [random.randint(len(values), size=len(classes)) for values in list(FACTORS.values())[1:]]
    return np.stack([classes, *others], axis=1).astype(np.int64)


def draw_images(part: Part, factors: Indices, originals: NDArray[np.float64], labels: Pixels) -> Pixels:
    """Return images `(n, SIDE, SIDE)`, 0 to 255, each from an original drawn from its class.

    Args:
        part: Decides the choice of originals.
        factors: `(n, 5)`, as `draw_factors` returns them.
        originals: `(m, side, side)`, in [0, 1].
        labels: `(m,)`, the classes of the originals; each class of the factors occurs.
    """
    random = np.random.RandomState(SEEDS[part] + 1)
    of_class = [np.flatnonzero(labels == label) for label in range(len(FACTORS["class"]))]
    chosen = [of_class[label][random.randint(len(of_class[label]))] for label in factors[:, 0]]
    images = np.stack([_transform(originals[one], row) for one, row in zip(chosen, factors, strict=True)])
    return (255 * images).round().astype(np.uint8)


def _transform(original: NDArray[np.float64], factors: Indices) -> NDArray[np.float64]:
    """Return an original `(side, side)` turned and scaled about its centre, which is shifted from that of the image."""
    from scipy.ndimage import affine_transform

    _, degrees, scale, right, down = (values[index] for values, index in zip(FACTORS.values(), factors, strict=True))
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    to_original = np.array([[cosine, sine], [-sine, cosine]]) / scale  # rows count downwards: this turns to the left
    centre = (SIDE - 1) / 2 + np.array([down, right])
    offset = (np.array(original.shape) - 1) / 2 - to_original @ centre
    turned: NDArray[np.float64] = affine_transform(original, to_original, offset, (SIDE, SIDE), order=1)
    return turned
