"""The InfoGAN: reduced term by term to models that the tests compute on their own, and trained on digits."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal

from models.base import Minibatch, Noise
from models.infogan import InfoGANModel
from models.infogan_hyperparameters import InfoGAN
from models.infogan_networks import Codes
from models.losses.information import contrastive_bound
from tests.models.oracles import log_prob
from tests.models.training import digits, learn, seeded, train

INFOGAN = InfoGAN(
    beta=1.0,
    alpha=0.0,
    label_weight=0.0,
    kappa=0.0,
    feature_matching=0.0,
    noise_dim=12,
    bottleneck=24,
    hidden=16,
    learned_noise=False,
    stochastic_bottleneck=False,
    baselines=False,
)
"""InfoGAN as Chen 2016 has it: everything that the article adds is off."""

GAN = replace(INFOGAN, lambda_=0.0)

FULL = replace(InfoGAN(), noise_dim=12, bottleneck=24, hidden=16)
"""Everything on, small."""


def test_without_the_articles_terms_it_is_infogan() -> None:
    model, batch, noise = _setting(INFOGAN)
    fakes = model.fakes(noise)
    _assert_same_with_gradients(
        model.loss_j(batch, fakes.detach(), noise)[0],
        _plain_infogan_j(model, batch.images, noise),
        model.discriminator,
    )
    _assert_same_with_gradients(model.loss_l(fakes, noise)[0], _plain_infogan_l(model, noise), model.generator)


def test_without_lambda_too_it_is_a_gan() -> None:
    model, batch, noise = _setting(GAN)
    fakes = model.fakes(noise)
    real_logits, fake_logits = (
        _plain_heads(model, batch.images)[:, 0],
        _plain_heads(model, _plain_fakes(model, noise))[:, 0],
    )
    gan_j = _bce(real_logits, 1.0) + _bce(fake_logits, 0.0)
    _assert_same_with_gradients(model.loss_j(batch, fakes.detach(), noise)[0], gan_j, model.discriminator)
    _assert_same_with_gradients(model.loss_l(fakes, noise)[0], _bce(fake_logits, 1.0), model.generator)


def test_a_gan_whose_discriminator_cannot_tell_costs_two_log_two_and_log_two() -> None:
    model, batch, noise = _setting(GAN)
    nn.init.zeros_(model.discriminator.heads.weight)
    nn.init.zeros_(model.discriminator.heads.bias)
    fakes = model.fakes(noise)
    assert model.loss_j(batch, fakes, noise)[0].item() == pytest.approx(2 * math.log(2))
    assert model.loss_l(fakes, noise)[0].item() == pytest.approx(math.log(2))


def test_labels_that_are_never_corrupted_add_the_cross_entropy_of_ss_infogan() -> None:
    chosen = replace(INFOGAN, beta=1e-4, label_weight=0.7)
    model, batch, noise = _setting(chosen)
    fakes = model.fakes(noise).detach()
    loss, terms, _ = model.loss_j(batch, fakes, noise)
    q = _plain_heads(model, batch.labelled_images)[:, 1:11]
    supervised = F.cross_entropy(q, batch.labels)
    assert terms["train/label"].item() == pytest.approx(supervised.item(), rel=1e-3)
    expected = _plain_infogan_j(model, batch.images, noise) + 0.7 * supervised
    assert loss.item() == pytest.approx(expected.item(), rel=1e-3)


def test_labels_that_are_always_corrupted_cost_log_k_and_teach_nothing() -> None:
    with_labels, batch, noise = _setting(replace(INFOGAN, label_weight=1.0))
    without = _setting(INFOGAN)[0]
    fakes = with_labels.fakes(noise).detach()
    loss, terms, _ = with_labels.loss_j(batch, fakes, noise)
    plain, _, _ = without.loss_j(batch, fakes, noise)
    assert terms["train/label"].item() == pytest.approx(math.log(10))
    assert (loss - plain).item() == pytest.approx(math.log(10))
    for ours, theirs in zip(
        _gradients(loss, with_labels.discriminator), _gradients(plain, without.discriminator), strict=True
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-9)


def test_alpha_adds_the_contrastive_bound_to_both_losses() -> None:
    model, batch, noise = _setting(replace(INFOGAN, alpha=0.3))
    fakes = model.fakes(noise)
    projected = model.discriminator.code_features(_vector(noise))
    bound = contrastive_bound(projected, torch.tanh(model.discriminator.encoder(fakes)), 0.1)
    expected_j = _plain_infogan_j(model, batch.images, noise) - 0.3 * bound
    expected_l = _plain_infogan_l(model, noise) - 0.3 * bound
    assert model.loss_j(batch, fakes, noise)[0].item() == pytest.approx(expected_j.item(), rel=1e-9)
    assert model.loss_l(fakes, noise)[0].item() == pytest.approx(expected_l.item(), rel=1e-9)


def test_kappa_weighs_the_width_of_the_bottleneck_averaged_over_real_and_fake() -> None:
    chosen = replace(INFOGAN, stochastic_bottleneck=True)
    model, batch, noise = _setting(replace(chosen, kappa=0.2))
    narrow = _setting(chosen)[0]
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
    model, _, noise = _setting(replace(GAN, learned_noise=True, kappa=50.0))
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
    model, batch, noise = _setting(replace(GAN, feature_matching=0.4))
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
    model, batch, noise = _setting(replace(GAN, feature_matching=0.4))
    optimizers, expected = model.make_optimizers(), torch.zeros(24, dtype=torch.float64)
    for _ in range(2):
        real_mean = torch.tanh(model.discriminator.encoder(batch.images)).mean(dim=0).detach()
        expected = 0.95 * expected + 0.05 * real_mean
        model.minibatch_step(batch, noise, optimizers)
    torch.testing.assert_close(model.real_mean, expected)


def test_baselines_are_mixed_by_a_gate_before_the_sigmoid() -> None:
    model, _, noise = _setting(replace(GAN, baselines=True))
    generator = model.generator
    assert generator.baselines is not None
    assert generator.gate is not None
    torch.testing.assert_close(model.fakes(noise), _plain_fakes(model, noise))
    nn.init.normal_(generator.baselines)
    mixture = generator.gate(torch.tanh(generator.embed(_vector(noise)))).softmax(dim=1)
    baseline = torch.einsum("nk,kp->np", mixture, generator.baselines).view(-1, 8, 8)
    expected = torch.sigmoid(torch.logit(_plain_fakes(model, noise)) + baseline)
    torch.testing.assert_close(model.fakes(noise), expected)


def test_the_bottleneck_is_drawn_from_noise_and_is_its_mean_without() -> None:
    model, batch, noise = _setting(replace(FULL, kappa=0.0))
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
        model = _model(chosen)
        reported.append(learn(model, model.make_optimizers(), images, labels, seeded(0)).keys())
    assert reported[0] - reported[1] == terms


def test_each_optimizer_owns_its_half_of_the_weights() -> None:
    model = _model(FULL)
    optimizer_j, optimizer_l = model.make_optimizers()
    assert optimizer_j.param_groups[0]["params"] == list(model.discriminator.parameters())
    assert optimizer_l.param_groups[0]["params"] == list(model.generator.parameters())
    assert (optimizer_j.param_groups[0]["lr"], optimizer_l.param_groups[0]["lr"]) == (FULL.lr, FULL.lr_generator)


def test_it_asks_for_labels_only_if_they_have_a_weight() -> None:
    asked = [FULL, replace(FULL, label_weight=0), replace(FULL, labels_per_class=0)]
    assert [_model(chosen).labels_per_class for chosen in asked] == [250, 0, 0]


def test_codes_are_uniform_and_their_vectors_hold_both_kinds() -> None:
    noise = _model(FULL).draw_noise(20_000, seeded(0))
    codes = Codes(noise["category"], noise["continuous"])
    frequencies = codes.category.bincount(minlength=10) / 20_000
    torch.testing.assert_close(frequencies, torch.full((10,), 0.1), atol=0.01, rtol=0)
    assert codes.continuous.abs().max() < 1
    torch.testing.assert_close(codes.continuous.var(dim=0), torch.full((2,), 1 / 3), atol=0.01, rtol=0)
    assert torch.equal(codes.vector(10)[:, :10].argmax(dim=1), codes.category)
    assert torch.equal(codes.vector(10)[:, 10:], codes.continuous)


def test_samples_come_from_the_averaged_generator_with_classes_in_turn() -> None:
    model = _model(FULL)
    nn.init.normal_(model.averaged_generator.embed.weight)
    generator = seeded(0)
    continuous = 2 * torch.rand(30, 2, generator=generator) - 1
    noise = torch.randn(30, 12, generator=generator)
    expected = model.averaged_generator(noise, Codes(torch.arange(30) % 10, continuous))
    assert torch.equal(model.sample(30, seeded(0)), expected)


def test_the_averaged_generator_forgets_its_start_and_then_follows_slowly() -> None:
    images, labels = digits(32)
    model = _model(FULL)
    expected = [parameter.clone() for parameter in model.generator.parameters()]
    optimizers = model.make_optimizers()
    for step in range(1, 4):
        train(model, optimizers, images, labels, range(step, step + 1))
        rate = 9 / (9 + step)
        expected = [
            (1 - rate) * average + rate * current
            for average, current in zip(expected, model.generator.parameters(), strict=True)
        ]
    for average, value in zip(model.averaged_generator.parameters(), expected, strict=True):
        torch.testing.assert_close(average, value)
    model.steps.fill_(1e6)
    before = [average.clone() for average in model.averaged_generator.parameters()]
    train(model, optimizers, images, labels, range(4, 5))
    for average, old, current in zip(
        model.averaged_generator.parameters(), before, model.generator.parameters(), strict=True
    ):
        torch.testing.assert_close(average, 0.99 * old + 0.01 * current)


def test_training_on_digits_ties_codes_to_images_and_lowers_both_losses() -> None:
    images, labels = digits(640)
    model = _model(replace(FULL, bottleneck=64, hidden=64))
    terms = train(model, model.make_optimizers(), images, labels, range(12))
    early, late = ({name: _mean(part, name) for name in terms[0]} for part in (terms[:20], terms[-20:]))
    assert early["train/mi_cat"] < 0.5
    assert late["train/mi_cat"] > 1.8
    assert late["train/label"] < 0.5 * early["train/label"]
    assert late["loss/J"] < early["loss/J"]
    assert late["loss/L"] < early["loss/L"]


def test_convolutional_infogan_takes_a_step_on_larger_images() -> None:
    model = InfoGANModel(replace(FULL, network="conv"), side=28, classes=10)
    images, labels = torch.rand(20, 28, 28, generator=seeded(0)), torch.arange(20) % 10
    terms = learn(model, model.make_optimizers(), images, labels, seeded(0))
    assert terms["loss/J"].isfinite()
    assert model.sample(20, seeded(0)).shape == (20, 28, 28)


def _model(chosen: InfoGAN) -> InfoGANModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return InfoGANModel(chosen, side=8, classes=10)


def _setting(chosen: InfoGAN) -> tuple[InfoGANModel, Minibatch, Noise]:
    """Return a model in float64 with a minibatch, half of whose 64 images are labelled, and noise."""
    images, labels = digits(64)
    model = _model(chosen).double()
    known = 32 if model.labels_per_class else 0
    batch = Minibatch(images[:32].double(), images[32 : 32 + known].double(), labels[32 : 32 + known])
    return model, batch, model.draw_noise(32, seeded(2))


def _vector(noise: Noise) -> Tensor:
    one_hot = torch.eye(10, dtype=torch.float64)[noise["category"]]
    return torch.cat([one_hot, noise["continuous"]], dim=1)


def _plain_fakes(model: InfoGANModel, noise: Noise) -> Tensor:
    code = torch.tanh(model.generator.embed(_vector(noise)))
    return torch.sigmoid(model.generator.decoder(torch.cat([noise["z"], code], dim=1)))


def _plain_heads(model: InfoGANModel, images: Tensor) -> Tensor:
    heads: Tensor = model.discriminator.heads(torch.tanh(model.discriminator.encoder(images)))
    return heads


def _plain_l_q(heads: Tensor, noise: Noise) -> Tensor:
    mu, log_var = heads[:, 11:13], heads[:, 13:15].clamp(-10, 4)
    continuous = log_prob(Normal(mu, log_var.exp().sqrt()), noise["continuous"]).sum(dim=1)
    return F.cross_entropy(heads[:, 1:11], noise["category"]) - 0.1 * continuous.mean()


def _plain_infogan_j(model: InfoGANModel, images: Tensor, noise: Noise) -> Tensor:
    real, fake = _plain_heads(model, images), _plain_heads(model, _plain_fakes(model, noise).detach())
    return _bce(real[:, 0], 1.0) + _bce(fake[:, 0], 0.0) + _plain_l_q(fake, noise)


def _plain_infogan_l(model: InfoGANModel, noise: Noise) -> Tensor:
    fake = _plain_heads(model, _plain_fakes(model, noise))
    return _bce(fake[:, 0], 1.0) + _plain_l_q(fake, noise)


def _bce(logits: Tensor, target: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def _gradients(loss: Tensor, network: nn.Module) -> list[Tensor]:
    gradients = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True, retain_graph=True)
    return [torch.zeros(()) if gradient is None else gradient for gradient in gradients]


def _assert_same_with_gradients(ours: Tensor, theirs: Tensor, network: nn.Module) -> None:
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-9)
    for mine, other in zip(_gradients(ours, network), _gradients(theirs, network), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-9, rtol=1e-9)


def _mean(terms: list[dict[str, Tensor]], name: str) -> float:
    return torch.stack([each[name] for each in terms]).mean().item()
