"""The losses of a generator and its discriminator, in three kinds, and the penalties on the discriminator's slope.

`ns` is the non-saturating game of Goodfellow 2014, `hinge` that of Lim & Ye 2017, `wgan-gp` that of Gulrajani 2017.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "discriminator_loss",
    "feature_distance",
    "generator_loss",
    "lipschitz_penalty",
    "r1_penalty",
    "squared_slopes",
]


def discriminator_loss(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    """Return the discriminator's loss of logits `(n,)`, a scalar.

    * `ns`: E sp(-s(x)) + E sp(s(G)), sp = softplus (Goodfellow 2014, Eq. 1, negated); 2 log 2 where it cannot tell.
    * `hinge`: E max(0, 1 - s(x)) + E max(0, 1 + s(G)) (Miyato 2018, Eq. 16); 2 where it cannot tell.
    * `wgan-gp`: E s(G) - E s(x) (Gulrajani 2017, Eq. 3, without its penalty); 0 where it cannot tell.
    """
    match kind:
        case "ns":
            return F.softplus(-real).mean() + F.softplus(fake).mean()
        case "hinge":
            return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
        case "wgan-gp":
            return fake.mean() - real.mean()
    raise ValueError(_unknown(kind))


def generator_loss(kind: str, fake: Tensor) -> Tensor:
    """Return the generator's loss of logits `(n,)`, a scalar.

    * `ns`: E sp(-s(G)) (Goodfellow 2014, §3); log 2 where the discriminator cannot tell.
    * `hinge` and `wgan-gp`: -E s(G) (Miyato 2018, Eq. 17; Gulrajani 2017, Algorithm 1).
    """
    match kind:
        case "ns":
            return F.softplus(-fake).mean()
        case "hinge" | "wgan-gp":
            return -fake.mean()
    raise ValueError(_unknown(kind))


def squared_slopes(score: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Return ||∇_x s(x)||² at each image, `(n,)`, differentiable in the parameters of s.

    `torch.func.grad` works alone and below `vmap`, where `torch.autograd.grad` does not.

    Args:
        score: From images to logits `(n,)`, each of its own image alone.
        images: `(n, side, side)`.
    """
    slopes: Tensor = torch.func.grad(lambda x: score(x).sum())(images)
    return slopes.square().sum(dim=(1, 2))


def lipschitz_penalty(slopes: Tensor) -> Tensor:
    """Return E (||∇ s|| - 1)² of squared slopes `(n,)`, a scalar (Gulrajani 2017, Eq. 3)."""
    # The root has no derivative at 0, where a discriminator without weights stands.
    return ((slopes + 1e-16).sqrt() - 1).square().mean()


def r1_penalty(slopes: Tensor) -> Tensor:
    """Return ½ E ||∇ s||² of squared slopes `(n,)` at real images, a scalar (Mescheder 2018, Eq. 9, at γ = 1)."""
    return 0.5 * slopes.mean()


def feature_distance(fake: Tensor, real_mean: Tensor) -> Tensor:
    """Return ||mean_i fake_i - real_mean||² (feature matching, Salimans 2016, §3.1).

    Args:
        fake: `(n, width)`.
        real_mean: `(width,)`.
    """
    return (fake.mean(dim=0) - real_mean).square().sum()


def _unknown(kind: str) -> str:
    return f"adversarial must be ns, hinge or wgan-gp, but got {kind!r}"
