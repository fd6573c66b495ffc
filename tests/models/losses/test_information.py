"""Bounds on information against the joint distributions that they bound."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.losses.information import (
    category_nll,
    contrastive_bound,
    cosine_scores,
    label_channel_information,
    label_channel_nll,
    labelled_logit,
)


def test_category_nll_is_the_cross_entropy() -> None:
    logits, category = _normal(12, 10), torch.arange(12) % 10
    plain = F.cross_entropy(logits, category, reduction="none")
    torch.testing.assert_close(category_nll(logits, category), plain)


@pytest.mark.parametrize("beta", [1e-4, 0.05, 0.3, 0.9, 1.0])
def test_label_channel_nll_sends_the_posterior_through_the_channels_matrix(beta: float) -> None:
    log_q, labels = _normal(12, 10).log_softmax(dim=1), torch.arange(12) % 10
    channel = (1 - beta) * torch.eye(10, dtype=torch.float64) + beta / 10
    expected = -(log_q.exp() @ channel).log()[torch.arange(12), labels]
    torch.testing.assert_close(label_channel_nll(log_q, labels, beta), expected)


def test_label_channel_nll_tends_to_the_cross_entropy_without_corruption() -> None:
    logits, labels = _normal(12, 10), torch.arange(12) % 10
    plain = F.cross_entropy(logits, labels, reduction="none")
    torch.testing.assert_close(label_channel_nll(logits.log_softmax(dim=1), labels, 1e-9), plain, atol=1e-6, rtol=0)


def test_the_gradient_of_label_channel_nll_tends_to_that_of_the_cross_entropy() -> None:
    logits, labels = _normal(12, 10).requires_grad_(), torch.arange(12) % 10
    (ours,) = torch.autograd.grad(label_channel_nll(logits.log_softmax(dim=1), labels, 1e-12).sum(), logits)
    expected = logits.detach().softmax(dim=1) - F.one_hot(labels, 10)
    torch.testing.assert_close(ours, expected, atol=1e-9, rtol=0)


def test_label_channel_nll_is_log_k_without_gradient_when_every_label_is_drawn_anew() -> None:
    logits = _normal(12, 10).requires_grad_()
    loss = label_channel_nll(logits.log_softmax(dim=1), torch.arange(12) % 10, 1.0)
    torch.autograd.backward(loss.sum())
    torch.testing.assert_close(loss, torch.full_like(loss, math.log(10)))
    assert logits.grad is not None
    assert logits.grad.abs().max() == 0


@pytest.mark.parametrize(
    ("beta", "nats"), [(0.0, 2.303), (1e-6, 2.303), (0.05, 2.020), (0.3, 1.126), (0.9, 0.037), (1.0, 0.0)]
)
def test_label_channel_carries_the_information_of_the_table(beta: float, nats: float) -> None:
    assert label_channel_information(beta, 10) == pytest.approx(nats, abs=5e-4)


def test_label_channel_information_is_the_mutual_information_of_its_joint_distribution() -> None:
    channel = 0.6 * torch.eye(4, dtype=torch.float64) + 0.1
    joint = channel / 4
    expected = (joint * (joint / (joint.sum(0) * joint.sum(1, keepdim=True))).log()).sum().item()
    assert label_channel_information(0.4, 4) == pytest.approx(expected)


@pytest.mark.parametrize("beta", [1e-4, 0.3, 1.0])
def test_the_labelled_logit_is_the_log_ratio_of_the_densities_of_pairs(beta: float) -> None:
    """Images of five kinds: real ones with the label that the channel makes of their class, others with any label."""
    real, fake, classes = _normal(5).softmax(0), _normal(5, seed=1).softmax(0), _normal(5, 4, seed=2).log_softmax(1)
    channel = (1 - beta) * torch.eye(4, dtype=torch.float64) + beta / 4
    pairs, random = real[:, None] * (classes.exp() @ channel), fake[:, None] / 4
    kinds, labels = torch.arange(5).repeat_interleave(4), torch.arange(4).repeat(5)
    logits = labelled_logit((real / fake).log()[kinds], classes[kinds], labels, beta)
    torch.testing.assert_close(logits.view(5, 4), (pairs / random).log())
    if beta == 1.0:
        torch.testing.assert_close(logits.view(5, 4), (real / fake).log()[:, None].expand(5, 4))


def test_labels_in_the_logit_do_not_move_the_best_logit_of_images() -> None:
    """The expected loss, summed over all images and labels, is least at s0 = log p(x)/p_G(x), as without labels."""
    real, fake, classes = _normal(5).softmax(0), _normal(5, seed=1).softmax(0), _normal(5, 4, seed=2).log_softmax(1)
    pairs = real[:, None] * (0.8 * classes.exp() + 0.05)
    kinds, labels = torch.arange(5).repeat_interleave(4), torch.arange(4).repeat(5)

    def loss(s0: Tensor) -> Tensor:
        logits = labelled_logit(s0[kinds], classes[kinds], labels, 0.2).view(5, 4)
        return (pairs * F.softplus(-logits) + fake[:, None] / 4 * F.softplus(logits)).sum()

    best = (real / fake).log().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(best), best)
    assert gradient.abs().max().item() < 1e-12
    with torch.no_grad():
        assert all(loss(best + 0.1 * _normal(5, seed=seed)) > loss(best) for seed in range(3, 13))


def test_scores_are_cosines_over_the_temperature() -> None:
    codes, features = _normal(5, 3), _normal(5, 3, seed=1)
    expected = F.cosine_similarity(codes[:, None], features[None], dim=2) / 0.3
    torch.testing.assert_close(cosine_scores(codes, features, 0.3), expected)


@pytest.mark.parametrize(("form", "candidates"), [("full", 6), ("full", 99), ("full", 3), ("loo", 6), ("loo", 3)])
def test_contrastive_bound_is_the_mean_log_ratio_of_its_candidates(form: str, candidates: int) -> None:
    """One sum for each row, over the columns i, i+1, …, round the end."""
    scores, several = _normal(6, 6), min(candidates, 6)
    ratios = []
    for i in range(6):
        columns = [(i + k) % 6 for k in range(several)][1 if form == "loo" else 0 :]
        mean = sum(math.exp(scores[i, j].item()) for j in columns) / len(columns)
        ratios.append(scores[i, i].item() - math.log(mean))
    assert contrastive_bound(scores, form, candidates).item() == pytest.approx(sum(ratios) / 6)


@pytest.mark.parametrize("candidates", [2, 5, 8])
def test_the_full_form_reaches_log_m_for_pairs_told_apart_and_never_exceeds_it(candidates: int) -> None:
    apart = torch.eye(8, dtype=torch.float64)
    reached = contrastive_bound(30 * apart, "full", candidates).item()
    assert reached == pytest.approx(math.log(candidates), abs=1e-9)
    assert contrastive_bound(1000 * apart, "full", candidates).item() <= math.log(candidates) + 1e-12


def test_nothing_limits_the_leave_one_out_form() -> None:
    assert contrastive_bound(100 * torch.eye(8, dtype=torch.float64), "loo", 8).item() == pytest.approx(100)


@pytest.mark.parametrize("form", ["full", "loo"])
def test_scores_that_are_all_the_same_or_a_single_candidate_tell_nothing(form: str) -> None:
    assert contrastive_bound(torch.full((6, 6), 2.5), form, 6).item() == pytest.approx(0, abs=1e-6)
    assert contrastive_bound(_normal(1, 1), form, 6).item() == 0


@pytest.mark.parametrize(("candidates", "full", "loo"), [(8, 1.776, 6.786), (64, 2.838, 3.985), (512, 3.204, 3.435)])
def test_of_gaussians_the_two_forms_enclose_the_information(candidates: int, full: float, loo: float) -> None:
    """Four pairs of correlation 0.9 share 3.321 nats; f is the true log ratio of densities.

    The figures are those of docs/decisions/0008, computed without this function.
    """
    repeats = 40_000 // candidates
    x, noise = _normal(repeats, candidates, 1, 4), _normal(repeats, candidates, 1, 4, seed=1)
    y = (0.9 * x + math.sqrt(0.19) * noise).transpose(1, 2)
    log_ratio = (0.5 * (y**2 - (y - 0.9 * x) ** 2 / 0.19 - math.log(0.19))).sum(dim=3)
    lower, upper = (
        torch.stack([contrastive_bound(scores, form, candidates) for scores in log_ratio]).mean().item()
        for form in ("full", "loo")
    )
    assert lower < -2 * math.log(0.19) < upper
    assert lower == pytest.approx(full, abs=0.05)
    assert upper == pytest.approx(loo, abs=0.1)


def test_the_gradient_of_the_full_form_is_that_of_a_softmax() -> None:
    scores = _normal(5, 5).requires_grad_()
    (gradient,) = torch.autograd.grad(contrastive_bound(scores, "full", 5), scores)
    expected = (torch.eye(5, dtype=torch.float64) - scores.detach().softmax(dim=1)) / 5
    torch.testing.assert_close(gradient, expected)


def test_a_form_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="nce must be full or loo, but got 'half'"):
        contrastive_bound(_normal(3, 3), "half", 3)


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=_seeded(seed), dtype=torch.float64)


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
