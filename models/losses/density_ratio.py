"""The density of codes against the product of its marginals, by a critic that learns to tell their draws apart."""

import torch.nn.functional as F
from torch import Tensor

__all__ = ["permute_dimensions", "ratio_loss"]


def ratio_loss(joint: Tensor, independent: Tensor) -> Tensor:
    """Return ½ E sp(-s(z)) + ½ E sp(s(z')), sp = softplus, of the critic's logits of both kinds of draws, `(n,)` each.

    A scalar; log 2 where the critic cannot tell. It is least at s = log q(z)/Π_j q(z_j) (Kim & Mnih 2018, Algorithm 2,
    whose critic has two outputs, of which s is the difference).
    """
    return 0.5 * (F.softplus(-joint).mean() + F.softplus(independent).mean())


def permute_dimensions(z: Tensor, orders: Tensor) -> Tensor:
    """Return draws of Π_j q(z_j): each dimension in an order of its own (Kim & Mnih 2018, Algorithm 1).

    Args:
        z: `(n, width)`, draws of q(z).
        orders: `(n, width)`, int64, each column a permutation of the rows.
    """
    return z.gather(0, orders)
