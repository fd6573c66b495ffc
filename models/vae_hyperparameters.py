"""Hyperparameters of the VAE family, with their ranges and neutral values; knows no torch."""

from dataclasses import dataclass
from typing import ClassVar

from models.rule import choice, number

__all__ = ["BetaVAE"]


@dataclass(frozen=True)
class BetaVAE:
    """β-VAE (Higgins 2017, Eq. 4): R + β·KL, Bernoulli decoder on dynamically binarised pixels."""

    has_likelihood: ClassVar[bool] = True
    beta: float = number(1.0, 0.0, 1000.0, "weight of the KL term: pressure on the code", weight=True, neutral=1.0)
    latent_dim: int = number(16, 1, 512, "width of the latent code z")
    hidden: int = number(128, 8, 4096, "width of the hidden layers")
    network: str = choice("dense", ("dense", "conv"), "kind of encoder and decoder; conv needs 28×28 images")
    lr: float = number(5e-3, 1e-6, 1.0, "learning rate of Adam")
    batch_size: int = number(64, 2, 4096, "examples in a minibatch")
