"""Hyperparameters of the InfoGAN family, with their ranges and neutral values; knows no torch."""

from dataclasses import dataclass
from typing import ClassVar

from models.rule import choice, number

__all__ = ["InfoGAN"]


@dataclass(frozen=True)
class InfoGAN:
    """InfoGAN with the article's losses L and J: label channel, two bounds on the mutual information, bottleneck."""

    has_likelihood: ClassVar[bool] = False
    beta: float = number(
        0.05,
        1e-4,
        1.0,
        "how often the label channel corrupts a label: 0 ties code and label, 1 unties them",
        weight=True,
        neutral=1.0,
    )
    lambda_: float = number(1.0, 0.0, 100.0, "weight of the variational bound on I(c; x)", weight=True, neutral=0.0)
    alpha: float = number(
        0.1, 0.0, 100.0, "weight of the contrastive bound (InfoNCE) on I(c; x)", weight=True, neutral=0.0
    )
    label_weight: float = number(1.0, 0.0, 100.0, "weight of the labelled examples' loss", weight=True, neutral=0.0)
    kappa: float = number(1e-3, 0.0, 100.0, "weight of the widths of I and z", weight=True, neutral=0.0)
    feature_matching: float = number(0.1, 0.0, 100.0, "weight of feature matching", weight=True, neutral=0.0)
    labels_per_class: int = number(250, 0, 100_000, "labels per class, taken inside each fold's training part")
    noise_dim: int = number(100, 1, 1024, "width of the noise z")
    bottleneck: int = number(256, 2, 4096, "width of the bottleneck I")
    hidden: int = number(128, 8, 4096, "width of the hidden layers")
    network: str = choice("dense", ("dense", "conv"), "kind of generator and discriminator; conv needs 28×28 images")
    learned_noise: bool = choice(True, (True, False), "learn the scale δ of each noise dimension")
    stochastic_bottleneck: bool = choice(True, (True, False), "sample I in training; False uses its mean")
    baselines: bool = choice(True, (True, False), "add learned class baselines, gated by softmax, to the generator")
    lr: float = number(2e-3, 1e-6, 1.0, "learning rate of the discriminator's Adam")
    lr_generator: float = number(4e-3, 1e-6, 1.0, "learning rate of the generator's Adam")
    batch_size: int = number(32, 2, 4096, "examples in a minibatch")
