"""Bounds on the information between codes, labels and images."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["contrastive_bound", "label_channel_information", "label_channel_nll"]


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
