"""Small real digits and a plain training loop, for tests of models that train."""

from collections.abc import Sequence

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.optim import Optimizer

from models.base import GenerativeModel

__all__ = ["digits", "learn", "seeded", "train"]


def digits(count: int) -> tuple[Tensor, Tensor]:
    """Return the first `count` handwritten digits, `(count, 8, 8)` in [0, 1], and their labels."""
    pixels, labels = load_digits(return_X_y=True)
    images = torch.as_tensor(pixels[:count] / 16, dtype=torch.float32).view(-1, 8, 8)
    return images, torch.as_tensor(labels[:count], dtype=torch.int64)


def train(
    model: GenerativeModel, optimizers: Sequence[Optimizer], images: Tensor, labels: Tensor, epochs: range
) -> list[dict[str, Tensor]]:
    """Train by minibatches of 32, each epoch with its own generator; return the terms of every minibatch.

    The number of images is a multiple of 32; all labels are known.
    """
    terms = []
    for epoch in epochs:
        generator = seeded(epoch)
        for rows in torch.randperm(len(images), generator=generator).chunk(len(images) // 32):
            terms.append(learn(model, optimizers, images[rows], labels[rows], generator))
    return terms


def learn(
    model: GenerativeModel, optimizers: Sequence[Optimizer], images: Tensor, labels: Tensor, generator: torch.Generator
) -> dict[str, Tensor]:
    """Take one step on images whose labels are all known, and return its terms."""
    noise = model.draw_noise(len(images), generator)
    return model.minibatch_step(model.labelled_minibatch(images, labels), noise, optimizers)


def seeded(seed: int) -> torch.Generator:
    """Return a generator of its own."""
    return torch.Generator().manual_seed(seed)
