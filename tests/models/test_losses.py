"""The losses against torch.distributions, closed forms and plain loops."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence

from models.losses import (
    bernoulli_nll,
    binarise,
    contrastive_bound,
    discriminator_loss,
    draw_gaussian,
    feature_distance,
    gaussian_kl,
    gaussian_nll,
    generator_loss,
    label_channel_information,
    label_channel_nll,
    scale_kl,
)
from tests.models.oracles import log_prob


def test_bernoulli_nll_is_the_likelihood_of_torch_distributions() -> None:
    logits, x = _normal(5, 4, 4), _normal(5, 4, 4, seed=1).gt(0).double()
    expected = -log_prob(Bernoulli(logits=logits), x).sum(dim=(1, 2))
    torch.testing.assert_close(bernoulli_nll(logits, x), expected)


def test_binarise_draws_each_pixel_with_its_grey_as_probability() -> None:
    greys = torch.tensor([0.0, 0.25, 0.7, 1.0])
    binary = binarise(greys.expand(20_000, 4), torch.rand(20_000, 4, generator=_seeded()))
    assert set(binary.flatten().tolist()) == {0.0, 1.0}
    assert binary[:, 0].sum() == 0
    assert binary[:, 3].sum() == 20_000
    torch.testing.assert_close(binary.mean(dim=0), greys, atol=0.02, rtol=0)


def test_gaussian_kl_is_the_divergence_of_torch_distributions() -> None:
    mu, log_var = _normal(6, 3), _normal(6, 3, seed=1)
    expected = kl_divergence(Normal(mu, (0.5 * log_var).exp()), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(gaussian_kl(mu, log_var), expected)


def test_scale_kl_is_the_divergence_of_torch_distributions() -> None:
    scale = _normal(7).exp()
    expected = kl_divergence(Normal(torch.zeros_like(scale), scale), Normal(0.0, 1.0)).sum()
    torch.testing.assert_close(scale_kl(scale), expected)
    assert scale_kl(torch.ones(7)) == 0


def test_gaussian_nll_is_the_likelihood_of_torch_distributions() -> None:
    x, mu, log_var = _normal(6, 2), _normal(6, 2, seed=1), _normal(6, 2, seed=2)
    expected = -log_prob(Normal(mu, (0.5 * log_var).exp()), x).sum(dim=1)
    torch.testing.assert_close(gaussian_nll(x, mu, log_var), expected)


def test_draw_gaussian_has_the_mean_and_variance_it_is_given() -> None:
    mu, log_var = torch.tensor([1.0, -2.0]), torch.tensor([0.0, math.log(4.0)])
    draws = draw_gaussian(mu.expand(50_000, 2), log_var.expand(50_000, 2), _normal(50_000, 2).to(mu.dtype))
    torch.testing.assert_close(draws.mean(dim=0), mu, atol=0.03, rtol=0)
    torch.testing.assert_close(draws.var(dim=0), log_var.exp(), atol=0.06, rtol=0)


def test_draw_gaussian_lets_gradients_through() -> None:
    mu, log_var = torch.zeros(1, 1, requires_grad=True), torch.zeros(1, 1, requires_grad=True)
    draw = draw_gaussian(mu, log_var, torch.full((1, 1), 0.7))
    torch.autograd.backward(draw.sum())
    assert mu.grad is not None
    assert log_var.grad is not None
    assert mu.grad.item() == 1
    assert log_var.grad.item() == pytest.approx(0.5 * 0.7)


def test_a_discriminator_that_cannot_tell_costs_two_log_two_and_its_generator_log_two() -> None:
    undecided = torch.zeros(8)
    assert discriminator_loss(undecided, undecided).item() == pytest.approx(2 * math.log(2))
    assert generator_loss(undecided).item() == pytest.approx(math.log(2))


def test_adversarial_losses_are_binary_cross_entropies() -> None:
    real, fake = _normal(9), _normal(9, seed=1)
    ones, zeros = torch.ones_like(real), torch.zeros_like(real)
    bce = F.binary_cross_entropy_with_logits
    torch.testing.assert_close(discriminator_loss(real, fake), bce(real, ones) + bce(fake, zeros))
    torch.testing.assert_close(generator_loss(fake), bce(fake, ones))


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


def test_feature_distance_compares_the_batchs_mean_alone() -> None:
    fake = torch.tensor([[1.0, 0.0], [3.0, 4.0]])
    assert feature_distance(fake, torch.tensor([2.0, 2.0])).item() == 0
    assert feature_distance(fake, torch.tensor([5.0, -2.0])).item() == 3**2 + 4**2


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=_seeded(seed), dtype=torch.float64)


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
