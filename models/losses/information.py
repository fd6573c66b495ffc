"""Bounds on the information between codes, labels and images."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "category_nll",
    "contrastive_bound",
    "cosine_scores",
    "label_channel_information",
    "label_channel_nll",
    "labelled_logit",
]


def category_nll(logits: Tensor, category: Tensor) -> Tensor:
    """Return -log Q(c|x), whose mean is H(c) less the variational bound on I(c; x) (Chen 2016, Eq. 5).

    Written out, since the fused cross-entropy falls apart under vmap.

    Args:
        logits: `(n, classes)`, unnormalised log Q(.|x).
        category: `(n,)`, int64.

    Returns:
        `(n,)`.
    """
    return -logits.log_softmax(dim=1).gather(1, category[:, None]).squeeze(1)


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


def labelled_logit(logit: Tensor, log_q: Tensor, labels: Tensor, beta: float) -> Tensor:
    """Return s(x, y) = s0(x) + log K + log [(1-β) Q(y|x) + β/K]: the log-odds that x is real and y its label.

    The alternative is that x is generated and y a label drawn at random. With s0 the log ratio of the densities of
    images and Q the classes' posterior it is the log ratio of the densities of pairs; β = 1 leaves s0 alone.

    Args:
        logit: s0(x), `(n,)`.
        log_q: `(n, classes)`, log Q(.|x).
        labels: `(n,)`, int64.
        beta: How often the channel draws the label anew, in (0, 1].

    Returns:
        `(n,)`.
    """
    return logit + math.log(log_q.shape[1]) - label_channel_nll(log_q, labels, beta)


def label_channel_information(beta: float, classes: int) -> float:
    """Return I(y; c) = log K - H(c|y) in nats of the channel at β: log K at 0, nothing at 1."""
    wrong = beta / classes
    right = 1 - beta + wrong
    noise = -right * math.log(right) - ((classes - 1) * wrong * math.log(wrong) if wrong > 0 else 0.0)
    return math.log(classes) - noise


def cosine_scores(codes: Tensor, features: Tensor, temperature: float) -> Tensor:
    """Return f_ij = cos(codes_i, features_j)/τ, `(n, n)`.

    Args:
        codes: `(n, width)`, projected codes.
        features: `(n, width)`, of the images that were made from them.
        temperature: τ > 0.
    """
    return F.normalize(codes) @ F.normalize(features).T / temperature


def contrastive_bound(scores: Tensor, form: str, candidates: int) -> Tensor:
    """Return InfoNCE of scores f `(n, n)`, pairs that belong together on the diagonal; a scalar in nats.

    Row i is compared with M candidates: the columns i, i+1, …, i+M-1, round the end.

    * `full`: mean_i [f_ii - logsumexp_{j in C_i} f_ij] + log M, a lower bound on I(c; x), at most log M (van den Oord
      2018, Eq. 4; Poole 2019).
    * `loo`: the same without i itself in the sum, and log (M-1). With f the log of the conditional density it is an
      upper bound (Poole 2019); with any other f no bound at all, and nothing limits it from above.

    Args:
        scores: `(n, n)`.
        form: `full` or `loo`.
        candidates: M; n where there are fewer. Of a single candidate nothing is learnt: 0.
    """
    count = len(scores)
    several = min(candidates, count)
    if several == 1:
        return scores.new_zeros(())
    column = torch.arange(count, device=scores.device)
    ahead = (column - column[:, None]) % count
    match form:
        case "full":
            among = scores if several == count else scores.masked_fill(ahead >= several, -math.inf)
            return math.log(several) + among.log_softmax(dim=1).diagonal().mean()
        case "loo":
            others = scores.masked_fill((ahead == 0) | (ahead >= several), -math.inf)
            return (scores.diagonal() - others.logsumexp(dim=1)).mean() + math.log(several - 1)
    raise ValueError(f"nce must be full or loo, but got {form!r}")
