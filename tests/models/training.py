"""Small real digits and a plain training loop, for tests of models that train."""

from collections.abc import Callable, Sequence

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.optim import Optimizer

from models.base import GenerativeModel, Minibatch
from models.stacking import stack, unstack

__all__ = ["assert_stacked_steps_are_those_of_the_models", "digits", "learn", "seeded", "train"]

NextMinibatch = Callable[[GenerativeModel, int, int], Minibatch]


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


def assert_stacked_steps_are_those_of_the_models(
    models: Sequence[GenerativeModel], minibatch: NextMinibatch, *, into: GenerativeModel, steps: int = 3
) -> None:
    """Train a stack and its models, all in float64, where sums in another order differ by less than the tolerance.

    Args:
        models: One a fold.
        minibatch: Gives 16 images to a model, from the numbers of step and fold.
        into: A model of the same kind, for what comes out of the stack.
        steps: How many of them to compare.
    """
    stacked = stack(models)
    alone, together = [model.make_optimizers() for model in models], stacked.make_optimizers()
    for step in range(steps):
        batches = [minibatch(model, step, fold) for fold, model in enumerate(models)]
        noises = [model.draw_noise(16, seeded(10 * step + fold)) for fold, model in enumerate(models)]
        whole = Minibatch(*(torch.stack(parts) for parts in zip(*batches, strict=True)))
        noise = {key: torch.stack([each[key] for each in noises]) for key in noises[0]}
        terms = stacked.minibatch_step(whole, noise, together)
        for fold, model in enumerate(models):
            expected = model.minibatch_step(batches[fold], noises[fold], alone[fold])
            assert terms.keys() == expected.keys()
            for key, value in expected.items():
                torch.testing.assert_close(terms[key][fold], value, atol=1e-9, rtol=1e-9)
    for fold, model in enumerate(models):
        for key, value in unstack(stacked, fold, into=into).state_dict().items():
            torch.testing.assert_close(value, model.state_dict()[key], atol=1e-7, rtol=1e-7)


def seeded(seed: int) -> torch.Generator:
    """Return a generator of its own."""
    return torch.Generator().manual_seed(seed)
