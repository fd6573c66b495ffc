"""The terms of the models' losses, each a pure function with its equation; nats throughout.

What a function returns per example, the model averages; which terms make up a loss, and with what weights, stands in
the model.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "LOG_VAR_RANGE",
    "bernoulli_nll",
    "binarise",
    "contrastive_bound",
    "discriminator_loss",
    "draw_gaussian",
    "feature_distance",
    "gaussian_kl",
    "gaussian_nll",
    "generator_loss",
    "label_channel_information",
    "label_channel_nll",
    "scale_kl",
]

LOG_VAR_RANGE = (-10.0, 4.0)
"""Every predicted log σ² is clamped to this range: beyond it exp overflows or the code becomes deterministic."""


def binarise(images: Tensor, uniform: Tensor) -> Tensor:
    """Return binary pixels whose probabilities are the greys, from uniform noise on [0, 1) of the same shape."""
    return (uniform < images).to(images.dtype)


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """Return -log p(x|z) = -Σ_pixels x log p + (1-x) log(1-p), p = sigmoid(logits) (Kingma & Welling 2013, Eq. 11).

    Written as Σ softplus(logits) - x·logits, which is the same.

    Args:
        logits: `(n, side, side)`.
        x: `(n, side, side)`, binary: greys would not make this a likelihood (Loaiza-Ganem & Cunningham 2019).

    Returns:
        `(n,)`.
    """
    return (F.softplus(logits) - x * logits).sum(dim=(1, 2))


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


def label_channel_nll(log_q: Tensor, labels: Tensor, beta: float) -> Tensor:
    """Return -log [(1-β) Q(y|x) + β/K]: the label's likelihood after a K-ary symmetric channel that corrupts it.

    The forward correction of Patrini 2017. β → 0 is the cross-entropy; β = 1 the constant log K without gradient.

    Args:
        log_q: `(n, classes)`, log Q(.|x).
        labels: `(n,)`, int64.
        beta: How often the channel draws the label anew, in (0, 1].

    Returns:
        `(n,)`.
    """
    log_match = log_q.gather(1, labels[:, None]).squeeze(1)
    log_kept = math.log1p(-beta) if beta < 1 else -math.inf
    log_any = log_match.new_tensor(math.log(beta) - math.log(log_q.shape[1]))
    return -torch.logaddexp(log_kept + log_match, log_any)


def label_channel_information(beta: float, classes: int) -> float:
    """Return I(y; c) = log K - H(c|y) in nats of the channel at β: log K at 0, nothing at 1."""
    wrong = beta / classes
    right = 1 - beta + wrong
    noise = -right * math.log(right) - ((classes - 1) * wrong * math.log(wrong) if wrong > 0 else 0.0)
    return math.log(classes) - noise


def contrastive_bound(codes: Tensor, features: Tensor, temperature: float) -> Tensor:
    """Return InfoNCE, mean_i [f_ii - logsumexp_j f_ij] + log M: a lower bound on I(c; x), at most log M.

    van den Oord 2018, Eq. 4; Poole 2019, Eq. 10; with f_ij = cos(codes_i, features_j)/τ.

    Args:
        codes: `(M, width)`, projected codes.
        features: `(M, width)`, of the images that were made from them.
        temperature: τ > 0.
    """
    scores = F.normalize(codes) @ F.normalize(features).T / temperature
    return math.log(len(codes)) - F.cross_entropy(scores, torch.arange(len(codes), device=codes.device))


def feature_distance(fake: Tensor, real_mean: Tensor) -> Tensor:
    """Return ||mean_i fake_i - real_mean||² (feature matching, Salimans 2016, §3.1).

    Args:
        fake: `(n, width)`.
        real_mean: `(width,)`.
    """
    return (fake.mean(dim=0) - real_mean).square().sum()
