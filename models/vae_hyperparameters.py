"""Hyperparameters of the VAE family, with their ranges and neutral values; knows no torch.

One vocabulary for all members: β presses on the code, λ weighs what is asked of all codes together, α prefers
information. At the neutral values a member is the plain VAE.
"""

from dataclasses import dataclass
from typing import ClassVar

from models.rule import choice, number

__all__ = ["CVAE", "DIPVAE", "VAE", "Autoencoder", "BetaTCVAE", "BetaVAE", "CatVAE", "FactorVAE", "InfoVAE"]

LARGEST_WEIGHT = 1000.0
"""Beyond it a penalty drowns the reconstruction of every dataset that ships."""

UNHEARD = (("beta", 1.0),)
"""Where the FactorVAE's loss does not listen to the critic."""

ALWAYS_HOT = ("temperature", 1.0)
NEVER_COOLING = ("annealing", 0.0)


@dataclass(frozen=True)
class Autoencoder:
    """What every member of the family has."""

    has_likelihood: ClassVar[bool] = True
    hidden: int = number(128, 8, 4096, "width of the hidden layers")
    layers: int = number(1, 1, 8, "hidden layers of a dense encoder or decoder", when=(("network", "dense"),))
    network: str = choice("dense", ("dense", "conv"), "kind of encoder and decoder")
    decoder: str = choice(
        "bernoulli", ("bernoulli", "gaussian"), "likelihood of binarised pixels, or of greys with one learned σ"
    )
    lr: float = number(5e-3, 1e-6, 1.0, "learning rate of Adam")
    batch_size: int = number(64, 2, 4096, "examples in a minibatch")


@dataclass(frozen=True)
class VAE(Autoencoder):
    """VAE (Kingma & Welling 2013): R + KL."""

    latent_dim: int = number(16, 1, 512, "width of the latent code z")


@dataclass(frozen=True)
class BetaVAE(VAE):
    """β-VAE (Higgins 2017, Eq. 4): R + β·KL."""

    beta: float = number(
        1.0, 0.0, LARGEST_WEIGHT, "weight of the KL term: pressure on the code", weight=True, neutral=1.0
    )


@dataclass(frozen=True)
class InfoVAE(VAE):
    """InfoVAE (Zhao 2017): R + (1-α)·KL + (α+λ-1)·MMD²; the ranges keep both weights from falling below 0."""

    alpha: float = number(0.5, 0.0, 1.0, "preference for information in the code", weight=True, neutral=0.0)
    lambda_: float = number(
        10.0, 1.0, 100_000.0, "weight of the distance of all codes together from the prior", weight=True, neutral=1.0
    )


@dataclass(frozen=True)
class BetaTCVAE(VAE):
    """β-TCVAE (Chen 2018, Eq. 4): R + (1-α)·MI + β·TC + λ·DW."""

    beta: float = number(
        2.0, 0.0, LARGEST_WEIGHT, "weight of the total correlation between dimensions", weight=True, neutral=1.0
    )
    lambda_: float = number(
        1.0, 0.0, LARGEST_WEIGHT, "weight of each dimension's divergence from the prior", weight=True, neutral=1.0
    )
    alpha: float = number(0.0, 0.0, 1.0, "preference for information in the code", weight=True, neutral=0.0)


@dataclass(frozen=True)
class DIPVAE(BetaVAE):
    """DIP-VAE (Kumar 2018): R + β·KL + λ·(distance of the codes' covariance from the identity)."""

    lambda_: float = number(
        2.0, 0.0, LARGEST_WEIGHT, "weight of the distance of the codes' covariance from 1", weight=True, neutral=0.0
    )
    variant: str = choice(
        "II", ("I", "II"), "covariance of the means μ(x) (I) or of the codes z (II)", unless=(("lambda", 0.0),)
    )


@dataclass(frozen=True)
class FactorVAE(VAE):
    """FactorVAE (Kim & Mnih 2018): R + KL + (β-1)·TC, the total correlation estimated by a critic."""

    beta: float = number(
        6.0, 1.0, LARGEST_WEIGHT, "weight of the total correlation between dimensions", weight=True, neutral=1.0
    )
    critic_hidden: int = number(64, 8, 4096, "width of the critic's hidden layers", unless=UNHEARD)
    critic_layers: int = number(2, 1, 8, "hidden layers of the critic", unless=UNHEARD)
    lr_critic: float = number(2e-3, 1e-6, 1.0, "learning rate of the critic's Adam", unless=UNHEARD)


@dataclass(frozen=True)
class CatVAE(Autoencoder):
    """Categorical VAE (Jang 2017): R + β·KL of one-hot variables, relaxed by Gumbel-softmax in training."""

    beta: float = number(
        1.0, 0.0, LARGEST_WEIGHT, "weight of the KL term: pressure on the code", weight=True, neutral=1.0
    )
    variables: int = number(20, 1, 512, "categorical variables in the code")
    categories: int = number(10, 2, 512, "values of a variable")
    style_dim: int = number(0, 0, 512, "width of a Gaussian code beside them; 0 for none")
    temperature: float = number(
        0.5, 0.01, 1.0, "where the temperature, 1 at first, stops falling", unless=(NEVER_COOLING,)
    )
    annealing: float = number(
        1e-2, 0.0, 1.0, "rate at which the temperature falls with the steps", unless=(ALWAYS_HOT,)
    )
    lr: float = number(1e-2, 1e-6, 1.0, "learning rate of Adam")
    anneal_every: int = number(
        10, 1, 100_000, "steps between changes of the temperature", unless=(NEVER_COOLING, ALWAYS_HOT)
    )
    straight_through: bool = choice(False, (True, False), "train on hard draws, with the gradients of the relaxed ones")


@dataclass(frozen=True)
class CVAE(BetaVAE):
    """Conditional VAE (Sohn 2015): R + β·KL given the class; learns from labelled images alone."""

    labels_per_class: int = number(100_000, 1, 100_000, "labels per class, or as many as a fold's training part has")
