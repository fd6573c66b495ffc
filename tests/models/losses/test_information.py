"""Bounds on information against the joint distributions that they bound."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.losses.information import contrastive_bound, label_channel_information, label_channel_nll


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


def test_contrastive_bound_is_the_mean_log_ratio_of_van_den_oord() -> None:
    codes, features, temperature = _normal(5, 3), _normal(5, 3, seed=1), 0.3
    ratios = []
    for i in range(5):
        scores = [math.exp(F.cosine_similarity(codes[i], features[j], dim=0).item() / temperature) for j in range(5)]
        ratios.append(math.log(scores[i] / (sum(scores) / 5)))
    assert contrastive_bound(codes, features, temperature).item() == pytest.approx(sum(ratios) / 5)


def test_contrastive_bound_reaches_log_m_for_codes_that_tell_all_images_apart_and_never_exceeds_it() -> None:
    apart = torch.eye(8, dtype=torch.float64)
    assert contrastive_bound(apart, apart, 0.1).item() == pytest.approx(math.log(8), abs=1e-3)
    assert contrastive_bound(apart, apart, 1e-3).item() <= math.log(8) + 1e-12


def test_contrastive_bound_of_features_that_are_all_the_same_is_zero() -> None:
    assert contrastive_bound(_normal(6, 4), torch.ones(6, 4, dtype=torch.float64), 0.1).item() == pytest.approx(0)


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=_seeded(seed), dtype=torch.float64)


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
