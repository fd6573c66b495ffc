"""Diagonal Gaussians: densities, divergences from N(0, 1), and draws that gradients pass through."""

import math

import torch
from torch import Tensor

__all__ = ["LOG_VAR_RANGE", "draw_gaussian", "gaussian_kl", "gaussian_log_ratio", "gaussian_nll", "scale_kl"]

LOG_VAR_RANGE = (-10.0, 4.0)
"""Every predicted log σ² is clamped to this range: beyond it exp overflows or the code becomes deterministic."""


def gaussian_kl(mu: Tensor, log_var: Tensor) -> Tensor:
    """Return KL(N(μ, σ²) || N(0, 1)) = ½ Σ_j (μ² + σ² - log σ² - 1) (Kingma & Welling 2013, Appendix B).

    Args:
        mu: `(n, width)`.
        log_var: `(n, width)`, log σ².

    Returns:
        `(n,)`.
    """
    return 0.5 * ((mu.square() + log_var.exp() - log_var).sum(dim=1) - mu.shape[1])


def scale_kl(scale: Tensor) -> Tensor:
    """Return KL(N(0, δ²) || N(0, 1)) = ½ Σ_j (δ² - log δ² - 1) of scales δ > 0 `(width,)`: a scalar, 0 at δ = 1."""
    variance = scale.square()
    return 0.5 * ((variance - variance.log()).sum() - scale.numel())


def gaussian_nll(x: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    """Return -log N(x; μ, σ²) = ½ Σ_j (log 2π + log σ² + (x - μ)²/σ²).

    Args:
        x: `(n, width)`.
        mu: `(n, width)`.
        log_var: `(n, width)`, log σ².

    Returns:
        `(n,)`.
    """
    squared = (x - mu).square() * (-log_var).exp()
    return 0.5 * ((squared + log_var).sum(dim=1) + x.shape[1] * math.log(2 * math.pi))


def draw_gaussian(mu: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """Return μ + σ ε of ε ~ N(0, 1), differentiable in μ and log σ² (Kingma & Welling 2013, §2.4)."""
    return torch.addcmul(mu, (0.5 * log_var).exp(), noise)


def gaussian_log_ratio(z: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """Return log N(z; 0, 1) - log N(z; μ, σ²) = ½ Σ_j (ε² + log σ² - z²) of draws z = μ + σ ε: `(n,)`.

    Its mean over draws is -KL(N(μ, σ²) || N(0, 1)).
    """
    return 0.5 * (noise.square() + log_var - z.square()).sum(dim=1)
