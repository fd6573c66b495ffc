"""The β-VAE against an independent VAE, and against what its bound must be."""

import copy
import math

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from models.vae import BetaVAEModel
from models.vae_hyperparameters import BetaVAE
from tests.models.oracles import log_prob
from tests.models.training import digits, learn, seeded, train


def test_beta_one_is_the_plain_vae() -> None:
    images, labels = digits(32)
    images = images.double()
    model = _model(beta=1.0).double()
    encoder, decoder = copy.deepcopy(model.encoder), copy.deepcopy(model.decoder)
    plain = _plain_vae_loss(encoder, decoder, images, seeded(3))
    torch.autograd.backward(plain)
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=model.hyperparameters.lr)
    adam.step()

    terms = learn(model, model.make_optimizers(), images, labels, seeded(3))
    assert terms["loss/L"].item() == pytest.approx(plain.item(), rel=1e-9)
    assert terms["loss/J"].item() == pytest.approx(plain.item(), rel=1e-9)
    for ours, theirs in zip(model.encoder.parameters(), encoder.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-9)
    for ours, theirs in zip(model.decoder.parameters(), decoder.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("beta", [0.0, 0.5, 4.0])
def test_beta_weighs_the_kl_term_of_the_loss_and_not_of_j(beta: float) -> None:
    images, labels = digits(32)
    model = _model(beta=beta)
    terms = learn(model, model.make_optimizers(), images, labels, seeded(3))
    reconstruction, kl = terms["train/reconstruction"].item(), terms["train/kl"].item()
    assert terms["loss/L"].item() == pytest.approx(reconstruction + beta * kl, rel=1e-6)
    assert terms["loss/J"].item() == pytest.approx(reconstruction + kl, rel=1e-6)


def test_a_larger_beta_leaves_less_information_in_the_code() -> None:
    loose, tight = (_trained(beta=beta)[-1]["train/kl"].item() for beta in (0.2, 5.0))
    assert tight < 0.5 * loose


def test_training_on_digits_lowers_the_loss_below_that_of_independent_pixels() -> None:
    images, _ = digits(320)
    mean = images.mean(dim=0).clamp(1e-6, 1 - 1e-6)
    independent = -(images * mean.log() + (1 - images) * (1 - mean).log()).sum(dim=(1, 2)).mean().item()
    terms = _trained(beta=1.0)
    assert terms[0]["loss/L"].item() > 42
    assert torch.stack([each["loss/L"] for each in terms[-10:]]).mean().item() < independent


def test_negative_elbo_of_networks_that_ignore_their_input_is_a_fair_coin_per_pixel() -> None:
    model = _model(beta=3.0)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    bound = model.negative_elbo(torch.ones(4, 8, 8), seeded(0))
    torch.testing.assert_close(bound, torch.full((4,), 64 * math.log(2)))


def test_negative_elbo_is_the_mean_of_the_plain_loss_over_draws_whatever_beta_is() -> None:
    images, _ = digits(24)
    x = torch.bernoulli(images, generator=seeded(1)).double()
    model = _model(beta=7.0).double()
    generator = seeded(2)
    q = _posterior(model.encoder, x)
    draws = [
        -log_prob(Bernoulli(logits=model.decoder(_reparameterised(q, generator))), x).sum(dim=(1, 2)) for _ in range(3)
    ]
    expected = torch.stack(draws).mean(dim=0) + kl_divergence(q, Normal(0.0, 1.0)).sum(dim=1)
    bound = model.negative_elbo(x, seeded(2), samples=3)
    assert not bound.requires_grad
    torch.testing.assert_close(bound, expected.detach(), atol=1e-9, rtol=1e-9)


def test_negative_elbo_bounds_the_likelihood_of_a_model_small_enough_to_integrate() -> None:
    model, x = _model(latent_dim=1).double(), _binary_digits()
    bound = model.negative_elbo(x, seeded(0), samples=2000)
    assert (bound > _integrated_nll(model, x)).all()
    assert (bound < _integrated_nll(model, x) + 5).all()


def test_log_weights_average_to_the_likelihood_of_a_model_small_enough_to_integrate() -> None:
    model, x = _model(latent_dim=1).double(), _binary_digits()
    train(model, model.make_optimizers(), digits(320)[0].double(), digits(320)[1], range(3))
    weights = model.log_weights(x.repeat(1_000, 1, 1), seeded(0), 10)
    assert weights.shape == (10, 8_000)
    assert not weights.requires_grad
    nll = math.log(10_000) - weights.reshape(10_000, 8).logsumexp(dim=0)
    torch.testing.assert_close(nll, _integrated_nll(model, x), atol=0.05, rtol=0)


def test_log_variances_stay_where_exp_is_safe() -> None:
    model = _model()
    for parameter in model.encoder.parameters():
        nn.init.constant_(parameter, 10.0)
    _, log_var = model.encode(torch.ones(2, 8, 8))
    assert (log_var == 4).all()


def test_convolutional_vae_trains_on_larger_images() -> None:
    model = BetaVAEModel(BetaVAE(network="conv", hidden=16), side=28, classes=10)
    images = torch.zeros(16, 28, 28)
    images[:, 10:18, 10:18] = 1
    optimizers = model.make_optimizers()
    losses = [learn(model, optimizers, images, torch.zeros(16), seeded(i))["loss/L"] for i in range(60)]
    assert losses[-1] < 0.5 * losses[0]


def _binary_digits() -> Tensor:
    return torch.bernoulli(digits(8)[0], generator=seeded(1)).double()


def _integrated_nll(model: BetaVAEModel, x: Tensor) -> Tensor:
    """Return -log p(x) of a code of one dimension, by a sum over a grid."""
    grid = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    log_likelihood = log_prob(Bernoulli(logits=model.decoder(grid[:, None])[:, None]), x).sum(dim=(2, 3))
    log_prior = log_prob(Normal(0.0, 1.0), grid)[:, None]
    return -torch.logsumexp(log_likelihood + log_prior + math.log(16 / 4000), dim=0).detach()


def _model(*, beta: float = 1.0, latent_dim: int = 4) -> BetaVAEModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return BetaVAEModel(BetaVAE(beta=beta, latent_dim=latent_dim, hidden=32), side=8, classes=10)


def _trained(*, beta: float) -> list[dict[str, Tensor]]:
    model = _model(beta=beta)
    return train(model, model.make_optimizers(), *digits(320), range(20))


def _plain_vae_loss(encoder: nn.Module, decoder: nn.Module, images: Tensor, generator: torch.Generator) -> Tensor:
    x = (torch.rand(images.shape, generator=generator, dtype=images.dtype) < images).double()
    q = _posterior(encoder, x)
    logits = decoder(_reparameterised(q, generator))
    log_likelihood = log_prob(Bernoulli(logits=logits), x).sum(dim=(1, 2))
    return (kl_divergence(q, Normal(0.0, 1.0)).sum(dim=1) - log_likelihood).mean()


def _posterior(encoder: nn.Module, x: Tensor) -> Normal:
    mu, log_var = encoder(x).chunk(2, dim=1)
    return Normal(mu, log_var.clamp(-10, 4).exp().sqrt())


def _reparameterised(q: Normal, generator: torch.Generator) -> Tensor:
    return q.mean + q.stddev * torch.randn(q.mean.shape, generator=generator, dtype=q.mean.dtype)
