"""The losses of a generator and its discriminator."""

import torch.nn.functional as F
from torch import Tensor

__all__ = ["discriminator_loss", "feature_distance", "generator_loss"]


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Return E sp(-s(x)) + E sp(s(G)), sp = softplus, of logits `(n,)` (Goodfellow 2014, Eq. 1, negated).

    A scalar; 2 log 2 where the discriminator cannot tell.
    """
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """Return the non-saturating E sp(-s(G)) of logits `(n,)` (Goodfellow 2014, §3).

    A scalar; log 2 where the discriminator cannot tell.
    """
    return F.softplus(-fake).mean()


def feature_distance(fake: Tensor, real_mean: Tensor) -> Tensor:
    """Return ||mean_i fake_i - real_mean||² (feature matching, Salimans 2016, §3.1).

    Args:
        fake: `(n, width)`.
        real_mean: `(width,)`.
    """
    return (fake.mean(dim=0) - real_mean).square().sum()
