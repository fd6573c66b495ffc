"""Several models of one kind as one: their tensors stacked with the folds first, their steps taken together.

A step of a small model is mostly the cost of starting its operations, which one stack pays once for all folds. Large
models gain nothing on a CPU: docs/decisions/0007.
"""

import copy
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeVar

import torch
from torch import Tensor, nn

from models.base import GenerativeModel

__all__ = ["LARGEST_STACKED_WORK", "stack", "unstack", "worth_stacking"]

Model = TypeVar("Model", bound=GenerativeModel)

LARGEST_STACKED_WORK = 30_000_000
"""Parameters times examples in a minibatch up to which stacking pays on a CPU: `python -m benchmarks.stacking`."""


def worth_stacking(model: GenerativeModel, batch_size: int) -> bool:
    """Tell whether the folds of such models train faster as one stack; the same answer on every machine.

    Convolutions never do: there is work enough in one, and stacked ones are slower.
    """
    if any(isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) for layer in model.modules()):
        return False
    return sum(weights.numel() for weights in model.parameters()) * batch_size <= LARGEST_STACKED_WORK


def stack(models: Sequence[Model]) -> Model:
    """Return one model whose tensors are those of several, `(folds, …)`; the models themselves are left alone."""
    stacked = copy.deepcopy(models[0])
    for mine, *theirs in zip(_tensors(stacked), *map(_tensors, models), strict=True):
        mine.data = torch.stack([tensor.detach() for tensor in theirs])
    stacked.stacked = True
    return stacked


def unstack(stacked: Model, fold: int, into: Model) -> Model:
    """Give a model of the same kind the tensors of one fold, which are still those of the stack, and return it."""
    for tensor, theirs in zip(_tensors(into), _tensors(stacked), strict=True):
        tensor.data = theirs.detach()[fold]
    return into


def _tensors(model: GenerativeModel) -> Iterator[Tensor]:
    return chain(model.parameters(), model.buffers())
