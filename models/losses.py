"""The terms of the VAE's losses, each a pure function with its equation; nats throughout.

Nothing here averages over examples: what a function returns per example, the model averages.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["LOG_VAR_RANGE", "bernoulli_nll", "draw_gaussian", "gaussian_kl"]

LOG_VAR_RANGE = (-10.0, 4.0)
"""Every predicted log σ² is clamped to this range: beyond it exp overflows or the code becomes deterministic."""


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """Return -log p(x|z) = -Σ_pixels x log p + (1-x) log(1-p), p = sigmoid(logits) (Kingma & Welling 2013, Eq. 11).

    Args:
        logits: `(n, side, side)`.
        x: `(n, side, side)`, binary: greys would not make this a likelihood (Loaiza-Ganem & Cunningham 2019).

    Returns:
        `(n,)`.
    """
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=(1, 2))


def gaussian_kl(mu: Tensor, log_var: Tensor) -> Tensor:
    """Return KL(N(μ, σ²) || N(0, 1)) = ½ Σ_j (μ² + σ² - 1 - log σ²) (Kingma & Welling 2013, Appendix B).

    Args:
        mu: `(n, width)`.
        log_var: `(n, width)`, log σ².

    Returns:
        `(n,)`.
    """
    return 0.5 * (mu.square() + log_var.exp() - 1.0 - log_var).sum(dim=1)


def draw_gaussian(mu: Tensor, log_var: Tensor, generator: torch.Generator) -> Tensor:
    """Draw μ + σ ε with ε ~ N(0, 1), differentiable in μ and log σ² (Kingma & Welling 2013, §2.4)."""
    noise = torch.randn(mu.shape, generator=generator, dtype=mu.dtype, device=mu.device)
    return torch.addcmul(mu, (0.5 * log_var).exp(), noise)
