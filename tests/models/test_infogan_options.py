"""The options of the InfoGAN: other games, penalties, normalisation, the held width, candidates and the average."""

from dataclasses import replace
from typing import Literal

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load, save
from torch import Tensor

from models.base import GenerativeModel, Minibatch
from models.fold_group import FoldGroup
from models.infogan import InfoGANModel
from models.infogan_hyperparameters import InfoGAN
from models.losses.information import contrastive_bound, cosine_scores, label_channel_nll
from models.spectral import SpectralNorm
from tests.models.plain_infogan import (
    FULL,
    GAN,
    INFOGAN,
    assert_same_with_gradients,
    infogan,
    plain_fakes,
    plain_heads,
    plain_l_q,
    setting,
    vector,
)
from tests.models.training import assert_stacked_steps_are_those_of_the_models, digits, learn, seeded, train

OPTIONS = {
    "hinge": replace(FULL, adversarial="hinge"),
    "wgan-gp": replace(FULL, adversarial="wgan-gp"),
    "r1": replace(FULL, r1=2.0, r1_every=2),
    "spectral_norm": replace(FULL, spectral_norm=True),
    "spectral_norm wgan-gp r1": replace(FULL, spectral_norm=True, adversarial="wgan-gp", r1=1.0, r1_every=3),
    "dual": replace(FULL, width="dual", dual_rate=1e-3),
    "loo": replace(FULL, nce="loo", candidates=5),
    "no average": replace(FULL, average_decay=0.0),
    "batch_norm he": replace(FULL, batch_norm=True, initial="he"),
    "label_in_logit": replace(FULL, label_in_logit=True),
}


def test_the_hinge_game_is_that_of_its_paper() -> None:
    model, batch, noise = setting(replace(INFOGAN, adversarial="hinge"))
    fakes = model.fakes(noise)
    real, fake = plain_heads(model, batch.images)[:, 0], plain_heads(model, plain_fakes(model, noise).detach())
    expected_j = (1 - real).clamp(min=0).mean() + (1 + fake[:, 0]).clamp(min=0).mean() + plain_l_q(fake, noise)
    assert_same_with_gradients(model.loss_j(batch, fakes.detach(), noise)[0], expected_j, model.discriminator)
    heads = plain_heads(model, plain_fakes(model, noise))
    expected_l = -heads[:, 0].mean() + plain_l_q(heads, noise)
    assert_same_with_gradients(model.loss_l(fakes, noise)[0], expected_l, model.generator)


def test_the_wasserstein_game_has_gulrajanis_penalty_in_j() -> None:
    model, batch, noise = setting(replace(GAN, adversarial="wgan-gp", gradient_penalty=3.0))
    fakes = model.fakes(noise).detach()
    mixed = torch.stack([u * x + (1 - u) * g for u, x, g in zip(noise["between"], batch.images, fakes, strict=True)])
    penalty = (_slopes_by_hand(model, mixed).norm(dim=1) - 1).square().mean()
    real, fake = plain_heads(model, batch.images)[:, 0], plain_heads(model, fakes)[:, 0]
    expected = fake.mean() - real.mean() + 3 * penalty
    loss, terms, _ = model.loss_j(batch, fakes, noise)
    torch.testing.assert_close(terms["train/gradient_penalty"], penalty)
    assert_same_with_gradients(loss, expected, model.discriminator)
    own = model.fakes(noise)
    assert_same_with_gradients(
        model.loss_l(own, noise)[0], -plain_heads(model, plain_fakes(model, noise))[:, 0].mean(), model.generator
    )


def test_r1_is_half_the_mean_squared_slope_at_real_images() -> None:
    model, batch, _ = setting(replace(GAN, r1=1.0))
    expected = 0.5 * _slopes_by_hand(model, batch.images).square().sum(dim=1).mean()
    assert_same_with_gradients(model.r1(batch.images), expected, model.discriminator)


def test_lazy_r1_is_taken_once_in_so_many_steps_so_many_fold() -> None:
    model, batch, noise = setting(replace(GAN, r1=0.7, r1_every=3))
    optimizers, reported = model.make_optimizers(), []
    for step in range(7):
        expected = 3 * model.r1(batch.images).item() if step % 3 == 0 else 0.0
        plain = model.loss_j(batch, model.fakes(noise).detach(), noise)[0].item()
        terms = model.minibatch_step(batch, noise, optimizers)
        assert terms["train/r1"].item() == pytest.approx(expected)
        assert terms["loss/J"].item() == pytest.approx(plain + 0.7 * expected)
        reported.append(terms["train/r1"].item() > 0)
    assert reported == [True, False, False, True, False, False, True]


def test_a_penalty_flattens_the_discriminator() -> None:
    images, labels = digits(160)
    slopes = []
    for r1 in (0.0, 30.0):
        model = infogan(replace(GAN, r1=r1, r1_every=1))
        train(model, model.make_optimizers(), images, labels, range(4))
        slopes.append(model.r1(images).item())
    assert slopes[1] < 0.1 * slopes[0]


def test_spectral_normalisation_bounds_what_the_discriminator_makes_of_a_difference() -> None:
    model, batch, _ = setting(replace(GAN, spectral_norm=True))
    encoder = model.discriminator.encoder
    assert isinstance(encoder, SpectralNorm)
    with torch.no_grad():
        for weights in model.discriminator.parameters():
            weights.mul_(40)
    for _ in range(200):
        encoder.move(encoder.iterated())
    rise = (model.discriminator.logit(batch.images) - model.discriminator.logit(batch.images.flip(0))).abs()
    distance = (batch.images - batch.images.flip(0)).flatten(1).norm(dim=1)
    assert (rise <= distance).all()
    assert (_slopes_by_autograd(model, batch.images) <= 1 + 1e-9).all()


def test_spectral_normalisation_leaves_the_heads_of_q_alone() -> None:
    model, batch, _ = setting(replace(GAN, spectral_norm=True))
    readings = model.discriminator(batch.images, None)
    heads = model.discriminator.heads
    torch.testing.assert_close(readings.outputs[:, 1:], heads(readings.features)[:, 1:])
    column = heads.weight[:, 0] / heads.weight[:, 0].norm()
    torch.testing.assert_close(readings.logit, readings.features @ column + heads.bias[0])


def test_singular_vectors_move_once_a_step() -> None:
    model, batch, noise = setting(replace(GAN, spectral_norm=True))
    encoder = model.discriminator.encoder
    assert isinstance(encoder, SpectralNorm)
    model.minibatch_step(batch, noise, model.make_optimizers())
    moved = encoder.get_buffer("direction_0").clone()
    again = encoder.iterated()["direction_0"]
    assert not torch.equal(again, moved)
    torch.testing.assert_close(encoder.get_buffer("direction_0"), moved, rtol=0, atol=0)


def test_the_multiplier_rises_with_excess_width_and_never_falls_below_zero() -> None:
    chosen = replace(FULL, width="dual", dual_rate=1e-3, target_width=20.0, kappa=0.05)
    model, batch, noise = setting(chosen)
    optimizers, expected = model.make_optimizers(), 0.05
    for target in (20.0, 20.0, 1e5):
        model.hyperparameters = replace(chosen, target_width=target)
        fixed = setting(replace(FULL, kappa=0.0))[0]
        fixed.load_state_dict(model.state_dict(), strict=False)
        fakes = model.fakes(noise).detach()
        loss, terms, _ = model.loss_j(batch, fakes, noise)
        width = terms["train/width_features"].item()
        assert loss.item() - fixed.loss_j(batch, fakes, noise)[0].item() == pytest.approx(expected * width)
        model.minibatch_step(batch, noise, optimizers)
        expected = max(0.0, expected + 1e-3 * (width - target))
        assert model.multiplier.item() == pytest.approx(expected)
    assert expected == 0


def test_a_held_width_swings_about_its_target() -> None:
    images, labels = digits(320)
    widths = {}
    for target in (15.0, 60.0):
        chosen = replace(FULL, width="dual", dual_rate=1e-3, target_width=target)
        model = infogan(chosen)
        terms = train(model, model.make_optimizers(), images, labels, range(14))
        widths[target] = torch.stack([each["train/width_features"] for each in terms[-20:]]).mean().item()
    assert widths[15.0] < 25
    assert 45 < widths[60.0] < 75


@pytest.mark.parametrize(("form", "candidates"), [("full", 7), ("loo", 7), ("loo", 4096)])
def test_form_and_candidates_of_the_contrastive_bound_are_chosen(form: str, candidates: int) -> None:
    model, _, noise = setting(replace(INFOGAN, alpha=0.3, nce=form, candidates=candidates))
    fakes = model.fakes(noise)
    features = torch.tanh(model.discriminator.encoder(fakes))
    scores = cosine_scores(model.discriminator.code_features(vector(noise)), features, 0.1)
    terms = model.loss_l(fakes, noise)[1]
    torch.testing.assert_close(terms["train/nce"], contrastive_bound(scores, form, candidates))


def test_without_decay_images_are_sampled_from_the_generator_as_it_is() -> None:
    images, labels = digits(96)
    model = infogan(replace(FULL, average_decay=0.0))
    train(model, model.make_optimizers(), images, labels, range(2))
    for average, current in zip(model.averaged_generator.parameters(), model.generator.parameters(), strict=True):
        assert torch.equal(average, current)


@pytest.mark.parametrize("chosen", OPTIONS.values(), ids=list(OPTIONS))
def test_steps_of_a_stack_are_the_steps_of_its_models_with_every_option(chosen: InfoGAN) -> None:
    images, labels = digits(64)

    def minibatch(model: GenerativeModel, step: int, fold: int) -> Minibatch:
        rows = slice(16 * fold, 16 * fold + 16)
        return model.labelled_minibatch(images[rows].double(), labels[rows])

    models = [_seeded_model(chosen, fold) for fold in range(2)]
    assert_stacked_steps_are_those_of_the_models(models, minibatch, into=_seeded_model(chosen, 0), steps=4)


def test_training_with_every_state_at_once_continues_bit_for_bit() -> None:
    """Lazy steps, singular vectors, multiplier and average all go on where they stood."""
    chosen = replace(OPTIONS["spectral_norm wgan-gp r1"], width="dual", dual_rate=1e-3)
    whole, first, continued = (_group(chosen) for _ in range(3))
    whole.train_to(3)
    first.train_to(1)
    continued.load_state(load(save(first.state())))
    continued.train_to(3)
    expected = whole.state()
    assert any("direction" in name for name in expected)
    assert any("multiplier" in name for name in expected)
    assert all(torch.equal(value, expected[name]) for name, value in continued.state().items())


@pytest.mark.parametrize("name", ["hinge", "wgan-gp", "spectral_norm", "r1"])
def test_other_games_tie_codes_to_images_too(name: str) -> None:
    images, labels = digits(640)
    model = infogan(replace(OPTIONS[name], bottleneck=64, hidden=64))
    terms = train(model, model.make_optimizers(), images, labels, range(12))
    early, late = (
        torch.stack([each["train/mi_cat"] for each in part]).mean().item() for part in (terms[:20], terms[-20:])
    )
    assert early < 0.5
    assert late > 1.5


def test_each_kind_of_image_is_normalised_over_its_own_minibatch() -> None:
    """J is that of a discriminator which reads real images, fakes and labelled ones one after another."""
    model, batch, noise = setting(replace(INFOGAN, batch_norm=True, label_weight=1.0, beta=1e-4))
    fakes = model.fakes(noise).detach()
    kinds = (batch.images, fakes, batch.labelled_images)
    real, fake, labelled = (model.discriminator(images, None) for images in kinds)
    expected = F.softplus(-real.logit).mean() + F.softplus(fake.logit).mean() + plain_l_q(fake.outputs, noise)
    log_q = labelled.category_logits.log_softmax(dim=1)
    expected = expected + label_channel_nll(log_q, batch.labels, 1e-4).mean()
    assert model.loss_j(batch, fakes, noise)[0].item() == pytest.approx(expected.item(), rel=1e-12)
    together = model.discriminator(torch.cat(kinds), None).logit[: len(batch.images)]
    assert not torch.allclose(together, real.logit, atol=1e-3)


@pytest.mark.parametrize(("network", "side"), [("dense", 8), ("conv", 28)])
def test_hes_weights_let_images_differ_from_the_start(network: str, side: int) -> None:
    """Logits have the variance that goes in, give or take; with torch's weights images are all but alike."""
    spreads = {}
    for initial in ("torch", "he"):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = InfoGANModel(replace(INFOGAN, network=network, initial=initial, hidden=64), side=side, classes=10)
        noise = model.draw_noise(256, seeded(0))
        spreads[initial] = model.fakes(noise).logit().var(dim=0).mean().item()
        by_category = [model.fakes(noise)[noise["category"] == category].mean(dim=0) for category in range(10)]
        spreads[f"{initial} codes"] = torch.stack(by_category).logit().var(dim=0).mean().item()
    assert spreads["torch"] < 0.1
    assert 0.5 < spreads["he"] < 2.0
    assert spreads["he codes"] > 20 * spreads["torch codes"]


def test_convolutional_discriminators_may_be_normalised_and_penalised() -> None:
    chosen = replace(FULL, network="conv", spectral_norm=True, adversarial="wgan-gp", r1=1.0)
    model = InfoGANModel(chosen, side=28, classes=10)
    images, labels = torch.rand(8, 28, 28, generator=seeded(0)), torch.arange(8) % 10
    terms = learn(model, model.make_optimizers(), images, labels, seeded(0))
    assert all(value.isfinite() for value in terms.values())


def _group(chosen: InfoGAN) -> FoldGroup:
    images, labels = digits(80)
    parts = [torch.arange(0, 80, 2), torch.arange(1, 80, 2)]
    models = [infogan(chosen), infogan(chosen)]
    return FoldGroup(models, parts, images, labels, batch_size=10, seed_for=_seed_for)


def _seed_for(purpose: Literal["labels", "training"], fold: int, epoch: int) -> int:
    return len(purpose) + 1000 * fold + 10 * epoch


def _seeded_model(chosen: InfoGAN, seed: int) -> GenerativeModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return InfoGANModel(chosen, side=8, classes=10).double()


def _slopes_by_hand(model: InfoGANModel, images: Tensor) -> Tensor:
    """Return ∇_x s0 `(n, 64)` of a dense discriminator without noise, by the chain rule, layer by layer.

    s0 = w · tanh(W3 f(W2 f(W1 x + b1) + b2) + b3), f = leaky ReLU of slope 0.2.
    """
    weights = [weight for name, weight in model.discriminator.encoder.named_parameters() if name.endswith("weight")]
    biases = [bias for name, bias in model.discriminator.encoder.named_parameters() if name.endswith("bias")]
    first = images.flatten(1) @ weights[0] + biases[0]
    second = F.leaky_relu(first, 0.2) @ weights[1] + biases[1]
    third = torch.tanh(F.leaky_relu(second, 0.2) @ weights[2] + biases[2])
    back = model.discriminator.heads.weight[:, 0] * (1 - third.square()) @ weights[2].T
    back = back * (0.2 + 0.8 * (second > 0).double()) @ weights[1].T
    return back * (0.2 + 0.8 * (first > 0).double()) @ weights[0].T


def _slopes_by_autograd(model: InfoGANModel, images: Tensor) -> Tensor:
    read = images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model.discriminator.logit(read).sum(), read)
    norms: Tensor = gradient.flatten(1).norm(dim=1)
    return norms
