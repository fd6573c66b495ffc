"""The conditional VAE against an independent one, against its likelihood, and what the class does."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence

from models.base import Minibatch
from models.build import build
from models.cvae import CVAEModel
from models.rule import Value
from models.vae import VAEModel
from tests.models.oracles import log_prob
from tests.models.training import digits, learn, seeded, train


def test_the_loss_is_that_of_an_independent_conditional_vae() -> None:
    images, labels = digits(32)
    model = _model(beta=2.5).double()
    noise = model.draw_noise(32, seeded(3))
    x, y = (noise["pixels"] < images).double(), torch.nn.functional.one_hot(labels, 10).double()
    mu, log_var = (model.encoder(x) + y @ model.shift.weight + model.shift.bias).chunk(2, dim=1)
    q = Normal(mu, (0.5 * log_var).exp())
    logits = model.decoder(torch.cat([mu + q.stddev * noise["code"], y], dim=1))
    reconstruction = -log_prob(Bernoulli(logits=logits), x).sum(dim=(1, 2)).mean().item()
    kl = kl_divergence(q, Normal(0.0, 1.0)).sum(dim=1).mean().item()
    terms = learn(model, model.make_optimizers(), images.double(), labels, seeded(3))
    assert terms["loss/L"].item() == pytest.approx(reconstruction + 2.5 * kl, rel=1e-9)
    assert terms["loss/J"].item() == pytest.approx(reconstruction + kl, rel=1e-9)


def test_images_without_a_label_teach_it_nothing() -> None:
    images, labels = digits(64)
    models = [_model() for _ in range(2)]
    for model, unlabelled in zip(models, (images[32:], torch.zeros(32, 8, 8)), strict=True):
        batch = Minibatch(unlabelled, images[:32], labels[:32])
        model.minibatch_step(batch, model.draw_noise(32, seeded(3)), model.make_optimizers())
    for first, second in zip(*(model.parameters() for model in models), strict=True):
        assert torch.equal(first, second)


def test_without_the_class_it_is_the_plain_vae() -> None:
    """Where neither encoder nor decoder listens to the class, the bound over all classes is that of a VAE."""
    model = _model().double()
    for weights in (model.shift.weight, model.shift.bias):
        weights.data.zero_()
    first = next(model.decoder.parameters())
    first.data[4:] = 0
    plain = build("vae", {"latent_dim": 4, "hidden": 32}, side=8, classes=10, seed=0).double()
    state = {key: value for key, value in model.state_dict().items() if not key.startswith("shift")}
    plain.load_state_dict(state | {"decoder.0.weight": first.data[:4]})
    x = torch.bernoulli(digits(20)[0], generator=seeded(1)).double()
    assert isinstance(plain, VAEModel)
    torch.testing.assert_close(model.negative_elbo(x, seeded(0)), plain.negative_elbo(x, seeded(0)))


def test_negative_elbo_bounds_a_likelihood_small_enough_to_integrate_over_code_and_class() -> None:
    model, x = _trained(latent_dim=1).double(), _binary_digits()
    gap = model.negative_elbo(x, seeded(0), samples=1_000) - _integrated_nll(model, x)
    assert gap.mean().item() > 0
    assert gap.min().item() > -0.1  # the error of the mean over draws
    assert gap.max().item() < 5


def test_log_weights_average_to_the_likelihood_of_images_whose_class_nobody_tells() -> None:
    model, x = _trained(latent_dim=1).double(), _binary_digits()
    weights = model.log_weights(x.repeat(1_000, 1, 1), seeded(0), 5)
    nll = math.log(5_000) - weights.reshape(5_000, 8).logsumexp(dim=0)
    torch.testing.assert_close(nll, _integrated_nll(model, x), atol=0.05, rtol=0)


def test_the_class_decides_what_is_drawn() -> None:
    """The mean image of each class's samples is nearest to the mean image of the same class's digits, for most."""
    images, labels = digits(960)
    model = _trained(count=960, epochs=8)
    samples = model.sample(500, seeded(0)).view(50, 10, 64).mean(dim=0)
    real = torch.stack([images[labels == label].mean(dim=0).flatten() for label in range(10)])
    assert torch.cdist(samples, real).argmin(dim=1).eq(torch.arange(10)).sum() >= 9


def _binary_digits() -> Tensor:
    return torch.bernoulli(digits(8)[0], generator=seeded(1)).double()


def _integrated_nll(model: CVAEModel, x: Tensor) -> Tensor:
    """Return -log p(x) of a code of one dimension, by a sum over classes and a grid."""
    grid = torch.linspace(-8, 8, 2001, dtype=torch.float64)
    log_prior = log_prob(Normal(0.0, 1.0), grid)[:, None] + math.log(16 / 2000)
    by_class = []
    for label in torch.eye(10).double():
        codes = torch.cat([grid[:, None], label.expand(2001, 10)], dim=1)
        log_likelihood = log_prob(Bernoulli(logits=model.decoder(codes)[:, None]), x).sum(dim=(2, 3))
        by_class.append(torch.logsumexp(log_likelihood + log_prior, dim=0))
    return math.log(10) - torch.logsumexp(torch.stack(by_class), dim=0).detach()


def _model(**values: Value) -> CVAEModel:
    built = build("cvae", {"latent_dim": 4, "hidden": 32, **values}, side=8, classes=10, seed=0)
    assert isinstance(built, CVAEModel)
    return built


def _trained(*, count: int = 320, epochs: int = 4, **values: Value) -> CVAEModel:
    model = _model(**values)
    train(model, model.make_optimizers(), *digits(count), range(epochs))
    return model
