"""Hyperparameters of the InfoGAN family, with their ranges and neutral values; knows no torch."""

from dataclasses import dataclass
from typing import ClassVar

from models.rule import choice, number

__all__ = ["InfoGAN"]

NO_LABELS = (("label_weight", 0.0), ("labels_per_class", 0))
UNTIED = ("beta", 1.0)
"""A label that says nothing has no gradient, whatever weighs it."""
NO_CONTRAST = (("alpha", 0.0),)
NO_BOTTLENECK = (("stochastic_bottleneck", False),)
HELD = (("width", "dual"),)


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
        unless=NO_LABELS,
    )
    lambda_: float = number(1.0, 0.0, 100.0, "weight of the variational bound on I(c; x)", weight=True, neutral=0.0)
    alpha: float = number(
        0.1, 0.0, 100.0, "weight of the contrastive bound (InfoNCE) on I(c; x)", weight=True, neutral=0.0
    )
    nce: str = choice(
        "full", ("full", "loo"), "form of the contrastive bound: full, or leave one out", unless=NO_CONTRAST
    )
    candidates: int = number(
        4096, 2, 4096, "candidates M of the contrastive bound, at most a whole minibatch", unless=NO_CONTRAST
    )
    label_weight: float = number(
        1.0,
        0.0,
        100.0,
        "weight of the labelled examples' loss",
        weight=True,
        neutral=0.0,
        unless=(("labels_per_class", 0), UNTIED),
    )
    kappa: float = number(
        1e-3,
        0.0,
        100.0,
        "weight of the widths of I and z; with width dual, where that of I starts",
        weight=True,
        neutral=0.0,
        when=(("stochastic_bottleneck", True), ("learned_noise", True)),
    )
    width: str = choice(
        "fixed",
        ("fixed", "dual"),
        "how the width of I is weighed: by kappa, or by a multiplier that holds it at target_width",
        when=(("stochastic_bottleneck", True),),
    )
    target_width: float = number(
        200.0, 0.0, 1e5, "width KL(q(I|x) || N(0, 1)) to be held, in nats", when=HELD, unless=NO_BOTTLENECK
    )
    dual_rate: float = number(
        1e-5, 1e-8, 1.0, "rise of the multiplier a step and nat of excess", when=HELD, unless=NO_BOTTLENECK
    )
    feature_matching: float = number(0.1, 0.0, 100.0, "weight of feature matching", weight=True, neutral=0.0)
    adversarial: str = choice("ns", ("ns", "hinge", "wgan-gp"), "kind of adversarial loss")
    gradient_penalty: float = number(
        10.0,
        0.0,
        1000.0,
        "weight of the penalty on slopes other than 1",
        weight=True,
        neutral=0.0,
        when=(("adversarial", "wgan-gp"),),
    )
    label_in_logit: bool = choice(
        False,
        (True, False),
        "have the discriminator judge labelled images together with their labels as well",
        when=(("adversarial", "ns"),),
        unless=(*NO_LABELS, UNTIED),
    )
    r1: float = number(0.0, 0.0, 1000.0, "weight γ of the penalty on slopes at real images", weight=True, neutral=0.0)
    r1_every: int = number(
        16, 1, 1000, "steps from one slope penalty at real images to the next", unless=(("r1", 0.0),)
    )
    spectral_norm: bool = choice(False, (True, False), "divide the discriminator's matrices by their spectral norms")
    batch_norm: bool = choice(
        False,
        (True, False),
        "normalise the discriminator's layers over real, generated and labelled images, each apart",
    )
    initial: str = choice(
        "torch",
        ("torch", "he"),
        "initial weights of the generator: torch's, or such that images differ by code and noise from the start",
    )
    labels_per_class: int = number(
        250,
        0,
        100_000,
        "labels per class, taken inside each fold's training part",
        unless=(("label_weight", 0.0), UNTIED),
    )
    noise_dim: int = number(100, 1, 1024, "width of the noise z")
    bottleneck: int = number(256, 2, 4096, "width of the bottleneck I")
    hidden: int = number(128, 8, 4096, "width of the hidden layers")
    units: int = number(0, 0, 4096, "width of the discriminator's layer before the bottleneck; 0 is that of hidden")
    network: str = choice("dense", ("dense", "conv"), "kind of generator and discriminator")
    learned_noise: bool = choice(True, (True, False), "learn the scale δ of each noise dimension")
    stochastic_bottleneck: bool = choice(True, (True, False), "sample I in training; False uses its mean")
    baselines: bool = choice(True, (True, False), "add learned class baselines, gated by softmax, to the generator")
    average_decay: float = number(
        0.99, 0.0, 0.99999, "how much of the averaged generator, which samples, a step keeps; 0 averages nothing"
    )
    lr: float = number(2e-3, 1e-6, 1.0, "learning rate of the discriminator's Adam")
    lr_generator: float = number(4e-3, 1e-6, 1.0, "learning rate of the generator's Adam")
    batch_size: int = number(32, 2, 4096, "examples in a minibatch")

    @property
    def judges_pairs(self) -> bool:
        """Whether J has the game of images with labels."""
        return self.label_in_logit and self.adversarial == "ns" and self.beta < 1

    @property
    def penalises_slopes(self) -> bool:
        """Whether J has Gulrajani's gradient penalty."""
        return self.adversarial == "wgan-gp" and self.gradient_penalty > 0

    @property
    def holds_width(self) -> bool:
        """Whether a multiplier holds the width of I."""
        return self.stochastic_bottleneck and self.width == "dual"
