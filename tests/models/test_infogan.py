"""The losses of the InfoGAN, reduced term by term to models that the tests compute on their own."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Normal

from models.infogan_hyperparameters import InfoGAN
from models.losses.information import contrastive_bound, cosine_scores
from tests.models.plain_infogan import (
    FULL,
    GAN,
    INFOGAN,
    assert_same_with_gradients,
    bce,
    gradients,
    infogan,
    plain_fakes,
    plain_heads,
    plain_j,
    plain_l,
    setting,
    vector,
)
from tests.models.training import digits, learn, seeded


def test_without_the_articles_terms_it_is_infogan() -> None:
    model, batch, noise = setting(INFOGAN)
    fakes = model.fakes(noise)
    assert_same_with_gradients(
        model.loss_j(batch, fakes.detach(), noise)[0],
        plain_j(model, batch.images, noise),
        model.discriminator,
    )
    assert_same_with_gradients(model.loss_l(fakes, noise)[0], plain_l(model, noise), model.generator)


def test_without_lambda_too_it_is_a_gan() -> None:
    model, batch, noise = setting(GAN)
    fakes = model.fakes(noise)
    real_logits, fake_logits = (
        plain_heads(model, batch.images)[:, 0],
        plain_heads(model, plain_fakes(model, noise))[:, 0],
    )
    gan_j = bce(real_logits, 1.0) + bce(fake_logits, 0.0)
    assert_same_with_gradients(model.loss_j(batch, fakes.detach(), noise)[0], gan_j, model.discriminator)
    assert_same_with_gradients(model.loss_l(fakes, noise)[0], bce(fake_logits, 1.0), model.generator)


def test_a_gan_whose_discriminator_cannot_tell_costs_two_log_two_and_log_two() -> None:
    model, batch, noise = setting(GAN)
    nn.init.zeros_(model.discriminator.heads.weight)
    nn.init.zeros_(model.discriminator.heads.bias)
    fakes = model.fakes(noise)
    assert model.loss_j(batch, fakes, noise)[0].item() == pytest.approx(2 * math.log(2))
    assert model.loss_l(fakes, noise)[0].item() == pytest.approx(math.log(2))


def test_labels_that_are_never_corrupted_add_the_cross_entropy_of_ss_infogan() -> None:
    """At a β far below the least that a spec may ask for, where 1e-4 is already within a thousandth."""
    chosen = replace(INFOGAN, beta=1e-12, label_weight=0.7)
    model, batch, noise = setting(chosen)
    fakes = model.fakes(noise).detach()
    loss, terms, _ = model.loss_j(batch, fakes, noise)
    supervised = F.cross_entropy(plain_heads(model, batch.labelled_images)[:, 1:11], batch.labels)
    torch.testing.assert_close(terms["train/label"], supervised, atol=1e-9, rtol=1e-9)
    expected = plain_j(model, batch.images, noise) + 0.7 * supervised
    assert_same_with_gradients(loss, expected, model.discriminator)
    model.hyperparameters = replace(chosen, beta=1e-4)
    assert model.loss_j(batch, fakes, noise)[0].item() == pytest.approx(expected.item(), rel=1e-3)


def test_labels_that_are_always_corrupted_cost_log_k_and_teach_nothing() -> None:
    with_labels, batch, noise = setting(replace(INFOGAN, label_weight=1.0))
    without = setting(INFOGAN)[0]
    fakes = with_labels.fakes(noise).detach()
    loss, terms, _ = with_labels.loss_j(batch, fakes, noise)
    plain, _, _ = without.loss_j(batch, fakes, noise)
    assert terms["train/label"].item() == pytest.approx(math.log(10))
    assert (loss - plain).item() == pytest.approx(math.log(10))
    for ours, theirs in zip(
        gradients(loss, with_labels.discriminator), gradients(plain, without.discriminator), strict=True
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-9)


def test_alpha_adds_the_contrastive_bound_to_both_losses() -> None:
    model, batch, noise = setting(replace(INFOGAN, alpha=0.3))
    fakes = model.fakes(noise)
    projected = model.discriminator.code_features(vector(noise))
    scores = cosine_scores(projected, torch.tanh(model.discriminator.encoder(fakes)), 0.1)
    bound = contrastive_bound(scores, "full", 32)
    expected_j = plain_j(model, batch.images, noise) - 0.3 * bound
    expected_l = plain_l(model, noise) - 0.3 * bound
    assert model.loss_j(batch, fakes, noise)[0].item() == pytest.approx(expected_j.item(), rel=1e-9)
    assert model.loss_l(fakes, noise)[0].item() == pytest.approx(expected_l.item(), rel=1e-9)


def test_kappa_weighs_the_width_of_the_bottleneck_averaged_over_real_and_fake() -> None:
    chosen = replace(INFOGAN, stochastic_bottleneck=True)
    model, batch, noise = setting(replace(chosen, kappa=0.2))
    narrow = setting(chosen)[0]
    fakes = model.fakes(noise).detach()
    widths = []
    for read in (batch.images, fakes):
        readings = model.discriminator(read, None)
        assert readings.log_var is not None
        deviation = (0.5 * readings.log_var).exp()
        widths.append(
            torch.distributions.kl_divergence(Normal(readings.mu, deviation), Normal(0.0, 1.0)).sum(dim=1).mean().item()
        )
    loss, terms, _ = model.loss_j(batch, fakes, noise)
    assert terms["train/width_features"].item() == pytest.approx(0.5 * sum(widths))
    plain = narrow.loss_j(batch, fakes, noise)[0]
    assert (loss - plain).item() == pytest.approx(0.2 * 0.5 * sum(widths))


def test_kappa_pulls_the_learned_scale_of_the_noise_to_one() -> None:
    model, _, noise = setting(replace(GAN, learned_noise=True, kappa=50.0))
    assert model.generator.rho is not None
    standard = model.generator.noise_scale()
    assert standard is not None
    torch.testing.assert_close(standard, torch.ones(12, dtype=torch.float64))
    with torch.no_grad():
        model.generator.rho.add_(1.0)
    scale = F.softplus(model.generator.rho)
    width = 0.5 * (scale**2 - 1 - (scale**2).log()).sum()
    loss, terms = model.loss_l(model.fakes(noise), noise)
    assert terms["train/width_noise"].item() == pytest.approx(width.item())
    assert loss.item() == pytest.approx(terms["train/adversarial_g"].item() + 50 * width.item())
    (gradient,) = torch.autograd.grad(loss, [model.generator.rho])
    assert (gradient > 0).all()


def test_feature_matching_compares_fakes_with_the_mean_of_real_features() -> None:
    model, batch, noise = setting(replace(GAN, feature_matching=0.4))
    fakes = model.fakes(noise)
    real_mean = torch.tanh(model.discriminator.encoder(batch.images)).mean(dim=0)
    torch.testing.assert_close(model.loss_j(batch, fakes.detach(), noise)[2], real_mean)
    model.real_mean.copy_(0.3 * real_mean)
    fake = torch.tanh(model.discriminator.encoder(fakes)).mean(dim=0)
    loss, terms = model.loss_l(fakes, noise)
    distance = ((fake - 0.3 * real_mean) ** 2).sum().item()
    assert terms["train/feature_matching"].item() == pytest.approx(distance)
    assert loss.item() == pytest.approx(terms["train/adversarial_g"].item() + 0.4 * distance)


def test_the_mean_of_real_features_runs_over_the_steps() -> None:
    model, batch, noise = setting(replace(GAN, feature_matching=0.4))
    optimizers, expected = model.make_optimizers(), torch.zeros(24, dtype=torch.float64)
    for _ in range(2):
        real_mean = torch.tanh(model.discriminator.encoder(batch.images)).mean(dim=0).detach()
        expected = 0.95 * expected + 0.05 * real_mean
        model.minibatch_step(batch, noise, optimizers)
    torch.testing.assert_close(model.real_mean, expected)


def test_baselines_are_mixed_by_a_gate_before_the_sigmoid() -> None:
    model, _, noise = setting(replace(GAN, baselines=True))
    generator = model.generator
    assert generator.baselines is not None
    assert generator.gate is not None
    torch.testing.assert_close(model.fakes(noise), plain_fakes(model, noise))
    nn.init.normal_(generator.baselines)
    mixture = generator.gate(torch.tanh(generator.embed(vector(noise)))).softmax(dim=1)
    baseline = torch.einsum("nk,kp->np", mixture, generator.baselines).view(-1, 8, 8)
    expected = torch.sigmoid(torch.logit(plain_fakes(model, noise)) + baseline)
    torch.testing.assert_close(model.fakes(noise), expected)


def test_the_bottleneck_is_drawn_from_noise_and_is_its_mean_without() -> None:
    model, batch, noise = setting(replace(FULL, kappa=0.0))
    drawn = model.discriminator(batch.images, noise["features_l"])
    assert not torch.equal(drawn.features, drawn.mu)
    assert drawn.log_var is not None
    deviation = ((drawn.features - drawn.mu) / (0.5 * drawn.log_var).exp()).std().item()
    assert deviation == pytest.approx(1, abs=0.1)
    assert drawn.mu.abs().max() < 1
    still = model.discriminator(batch.images, None)
    assert torch.equal(still.features, still.mu)


@pytest.mark.parametrize(
    ("without", "terms"),
    [
        (replace(FULL, lambda_=0), {"train/mi_cat", "train/q_continuous"}),
        (replace(FULL, alpha=0), {"train/nce"}),
        (replace(FULL, label_weight=0), {"train/label"}),
        (replace(FULL, labels_per_class=0), {"train/label"}),
        (replace(FULL, kappa=0), {"train/width_features", "train/width_noise"}),
        (replace(FULL, feature_matching=0), {"train/feature_matching"}),
    ],
)
def test_a_term_without_weight_is_not_computed(without: InfoGAN, terms: set[str]) -> None:
    images, labels = digits(32)
    reported = []
    for chosen in (FULL, without):
        model = infogan(chosen)
        reported.append(learn(model, model.make_optimizers(), images, labels, seeded(0)).keys())
    assert reported[0] - reported[1] == terms
