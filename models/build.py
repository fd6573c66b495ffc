"""From a model's name and its hyperparameters to the model with its initial weights."""

from collections.abc import Mapping
from typing import assert_never

import torch

from models.base import GenerativeModel
from models.hyperparameters import BetaVAE, InfoGAN, Value, parse
from models.infogan import InfoGANModel
from models.vae import BetaVAEModel

__all__ = ["build"]


def build(model: str, hyperparameters: Mapping[str, Value], *, side: int, classes: int, seed: int) -> GenerativeModel:
    """Build a model for `side × side` images of `classes` classes; the same seed gives the same initial weights.

    Torch's global random state is left as it was.

    Raises:
        ValueError: A hyperparameter the model does not have or does not allow, or a network that does not fit `side`.
    """
    parsed = parse(model, hyperparameters)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        match parsed:
            case BetaVAE():
                return BetaVAEModel(parsed, side=side, classes=classes)
            case InfoGAN():
                return InfoGANModel(parsed, side=side, classes=classes)
            case _:
                assert_never(parsed)
