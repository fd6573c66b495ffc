"""The small classifier whose penultimate layer gives the features of FID: its layers and how it is trained.

Everything here is part of what a FID means: a change makes other features, hence other values, and needs a new RECIPE.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["RECIPE", "WIDTH", "Classifier", "train_classifier"]

RECIPE = "1"
"""Version of the layers and of the training."""

WIDTH = 16
"""Width of the features. A fold of digits validates on 144 images, which do not support more: docs/objectives.md."""

SEED = 16
STEPS = 2_000
BATCH = 64
LEARNING_RATE = 1e-3

SMALLEST_CONV_SIDE = 16
"""Images of a smaller side go through a dense layer: convolutions cost ten times as much there and tell no more."""


class Classifier(nn.Module):
    """Images to features to the logits of classes.

    The features are tanh units: bounded, so that no image, however strange, makes a distance explode, and never dead,
    as one rectified unit in five turned out to be. There are no layers that behave otherwise in training.
    """

    def __init__(self, side: int, classes: int) -> None:
        super().__init__()
        layers = _dense_layers(side) if side < SMALLEST_CONV_SIDE else _conv_layers(side)
        self.trunk = nn.Sequential(*layers, nn.Tanh())
        self.head = nn.Linear(WIDTH, classes)

    def features(self, images: Tensor) -> Tensor:
        """Map images `(n, side, side)` in [0, 1] to features `(n, WIDTH)` in [-1, 1]."""
        features: Tensor = self.trunk(images)
        return features

    def forward(self, images: Tensor) -> Tensor:
        """Map images `(n, side, side)` in [0, 1] to logits `(n, classes)`."""
        logits: Tensor = self.head(self.features(images))
        return logits


def train_classifier(images: Tensor, labels: Tensor, classes: int) -> Classifier:
    """Train a classifier by cross-entropy; the same images give the same bits on the same kind of processor.

    Uses one thread, and leaves torch's global random state and number of threads as they were.

    Args:
        images: `(n, side, side)` in [0, 1].
        labels: `(n,)`, int64, in `range(classes)`.
        classes: How many classes there are, whether or not all of them occur.

    Returns:
        The classifier, frozen.
    """
    generator = torch.Generator().manual_seed(SEED)
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(SEED)
        classifier = Classifier(images.shape[1], classes)
        optimizer = torch.optim.Adam(classifier.parameters(), lr=LEARNING_RATE)
        for _ in range(STEPS):
            chosen = torch.randint(len(images), (BATCH,), generator=generator)
            loss = F.cross_entropy(classifier(images[chosen]), labels[chosen])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
    return classifier.requires_grad_(False)


def _dense_layers(side: int) -> list[nn.Module]:
    return [nn.Flatten(), nn.Linear(side * side, 128), nn.ReLU(), nn.Linear(128, WIDTH)]


def _conv_layers(side: int) -> list[nn.Module]:
    quarter = (side + 3) // 4  # two strides of 2, each rounding up
    return [
        nn.Unflatten(1, (1, side)),
        nn.Conv2d(1, 8, kernel_size=5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(8, 16, kernel_size=5, stride=2, padding=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * quarter * quarter, WIDTH),
    ]


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
