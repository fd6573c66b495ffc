"""Categorical codes: their divergence from uniform ones, and draws, relaxed or hard."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "categorical_kl",
    "categorical_log_ratio",
    "draw_one_hot",
    "draw_relaxed",
    "draw_straight_through",
    "gumbel",
]


def categorical_kl(log_q: Tensor) -> Tensor:
    """Return Σ_variables KL(q || U) = Σ_variables (Σ_k q_k log q_k + log K) (Jang 2017, §4.2).

    `(n,)` of log q `(n, variables, K)`; 0 if every q is uniform, variables·log K if every q is certain.
    """
    return (log_q.exp() * log_q).sum(dim=(1, 2)) + log_q.shape[1] * math.log(log_q.shape[2])


def categorical_log_ratio(one_hot: Tensor, log_q: Tensor) -> Tensor:
    """Return log U(z) - log q(z) = -Σ_variables (log q(z) + log K) of one-hot draws z, `(n,)`.

    Its mean over draws is -KL(q || U). Both arguments are `(n, variables, K)`.
    """
    return -(one_hot * log_q).sum(dim=(1, 2)) - log_q.shape[1] * math.log(log_q.shape[2])


def gumbel(uniform: Tensor) -> Tensor:
    """Return draws of Gumbel(0, 1) from uniform noise on [0, 1): -log(-log u) (Jang 2017, §2.1)."""
    return -(-uniform.clamp(min=torch.finfo(uniform.dtype).tiny).log()).log()


def draw_relaxed(log_q: Tensor, noise: Tensor, temperature: Tensor | float) -> Tensor:
    """Return softmax((log q + g)/τ), which gradients pass through (Jang 2017, Eq. 2; Maddison 2017).

    Points of the simplex, near its corners at small τ; at each its largest entry is the hard draw from the same noise.

    Args:
        log_q: `(…, K)`.
        noise: Gumbel noise g of the same shape.
        temperature: τ > 0.
    """
    return ((log_q + noise) / temperature).softmax(dim=-1)


def draw_one_hot(log_q: Tensor, noise: Tensor) -> Tensor:
    """Return one-hot draws of q, `(…, K)`: where log q + g is largest (the Gumbel-max trick, Jang 2017, Eq. 1)."""
    return F.one_hot((log_q + noise).argmax(dim=-1), log_q.shape[-1]).to(log_q.dtype)


def draw_straight_through(log_q: Tensor, noise: Tensor, temperature: Tensor | float) -> Tensor:
    """Return the one-hot draws of the same noise, with the gradient of the relaxed ones (Jang 2017, §2.2).

    Arguments are those of `draw_relaxed`.
    """
    relaxed = draw_relaxed(log_q, noise, temperature)
    return draw_one_hot(log_q, noise) + (relaxed - relaxed.detach())
