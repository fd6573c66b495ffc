"""The categorical VAE against an independent one, its temperature, and a likelihood that can be summed."""

import math
from dataclasses import replace
from itertools import product

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Normal, kl_divergence

from models.build import build
from models.cat_vae import CatVAEModel
from models.rule import Value
from models.vae_hyperparameters import CatVAE
from tests.models.oracles import log_prob
from tests.models.training import digits, learn, seeded, train

CODES = list(product(range(3), repeat=2))
"""All codes of two variables of three categories."""


@pytest.mark.parametrize("style_dim", [0, 3])
def test_the_loss_is_that_of_an_independent_categorical_vae(style_dim: int) -> None:
    images, labels = digits(32)
    model = _model(beta=2.5, variables=4, categories=5, style_dim=style_dim).double()
    noise = model.draw_noise(32, seeded(3))
    x = (noise["pixels"] < images).double()
    read = model.encoder(x)
    q = Categorical(logits=read[:, :20].view(32, 4, 5))
    style = Normal(read[:, 20 : 20 + style_dim], (0.5 * read[:, 20 + style_dim :]).exp())
    relaxed = torch.softmax(q.logits + noise["gumbel"], dim=2)  # the temperature begins at 1
    logits = model.decoder(torch.cat([relaxed.view(32, 20), style.mean + style.stddev * noise["style"]], dim=1))
    reconstruction = -log_prob(Bernoulli(logits=logits), x).sum(dim=(1, 2)).mean().item()
    uniform = Categorical(logits=torch.zeros(5).double())
    kl = kl_divergence(q, uniform).sum(dim=1) + kl_divergence(style, Normal(0.0, 1.0)).sum(dim=1)
    terms = learn(model, model.make_optimizers(), images.double(), labels, seeded(3))
    assert terms["loss/L"].item() == pytest.approx(reconstruction + 2.5 * kl.mean().item(), rel=1e-9)
    assert terms["loss/J"].item() == pytest.approx(reconstruction + kl.mean().item(), rel=1e-9)


def test_straight_through_the_decoder_sees_hard_draws_and_the_encoder_relaxed_gradients() -> None:
    """L is that of one-hot codes; its gradient is that of the codes, led back through the relaxed draws by hand."""
    images, labels = digits(32)
    model = _model(variables=4, categories=5, straight_through=True).double()
    batch, noise = model.labelled_minibatch(images.double(), labels), model.draw_noise(32, seeded(3))
    x = (noise["pixels"] < images).double()
    q = Categorical(logits=model.encoder(x).view(32, 4, 5))
    noisy = q.logits + noise["gumbel"]
    hard = torch.nn.functional.one_hot(noisy.argmax(dim=2), 5).double().requires_grad_()
    reconstruction = -log_prob(Bernoulli(logits=model.decoder(hard.flatten(1))), x).sum(dim=(1, 2)).mean()
    kl = kl_divergence(q, Categorical(logits=torch.zeros(5).double())).sum(dim=1).mean()
    loss = model.loss(batch, noise)[0]
    assert loss.item() == pytest.approx((reconstruction + kl).item(), rel=1e-12)
    (slope,) = torch.autograd.grad(reconstruction, [hard], retain_graph=True)
    weights = list(model.encoder.parameters())
    expected = torch.autograd.grad((torch.softmax(noisy, dim=2) * slope).sum() + kl, weights)  # the temperature is 1
    torch.testing.assert_close(torch.autograd.grad(loss, weights), expected, atol=1e-12, rtol=1e-9)


def test_only_on_hard_draws_does_j_agree_with_the_bound_that_is_scored() -> None:
    """The same weights, many draws: relaxed codes say more of an image than one-hot ones can."""
    model, images = _model(variables=8, categories=4, beta=0.3, temperature=1.0), digits(320)[0]
    train(model, model.make_optimizers(), *digits(320), range(15))
    x = torch.bernoulli(images, generator=seeded(1)).repeat(10, 1, 1)
    bound, gaps = model.negative_elbo(x, seeded(2)).mean(), {}
    for hard in (False, True):
        model.hyperparameters = replace(model.hyperparameters, straight_through=hard)
        batch = model.labelled_minibatch(x, torch.zeros(0))
        gaps[hard] = (bound - model.loss(batch, model.draw_noise(len(x), seeded(3)))[1]["loss/J"]).item()
    assert gaps[False] > 0.5
    assert abs(gaps[True]) < 0.15


def test_with_a_single_category_only_the_style_is_left_and_it_is_the_plain_vae() -> None:
    """A variable of one category says nothing: its KL is 0, and its one-hot is a constant beside the style."""
    images, labels = digits(32)
    model = CatVAEModel(CatVAE(variables=1, categories=1, style_dim=3, hidden=32), side=8, classes=10).double()
    noise = model.draw_noise(32, seeded(3))
    x = (noise["pixels"] < images).double()
    mu, log_var = model.encoder(x)[:, 1:].chunk(2, dim=1)
    q = Normal(mu, (0.5 * log_var).exp())
    z = torch.cat([torch.ones(32, 1), mu + q.stddev * noise["style"]], dim=1)
    plain = kl_divergence(q, Normal(0.0, 1.0)).sum(dim=1)
    plain = plain - log_prob(Bernoulli(logits=model.decoder(z)), x).sum(dim=(1, 2))
    terms = learn(model, model.make_optimizers(), images.double(), labels, seeded(3))
    assert terms["loss/L"].item() == pytest.approx(plain.mean().item(), rel=1e-9)


def test_the_temperature_falls_in_stairs_and_stops() -> None:
    model = _model(annealing=0.01, anneal_every=20, temperature=0.5)
    temperatures = []
    for steps in (0, 19, 20, 39, 40, 69, 80, 1000):
        model.steps.fill_(steps)
        temperatures.append(model.temperature().item())
    stairs = [1.0, 1.0, math.exp(-0.2), math.exp(-0.2), math.exp(-0.4), math.exp(-0.6), 0.5, 0.5]
    assert temperatures == pytest.approx(stairs, rel=1e-6)


def test_every_step_is_counted_and_tells_its_temperature() -> None:
    model = _model(annealing=0.1, anneal_every=1)
    terms = train(model, model.make_optimizers(), *digits(96), range(1))
    assert model.steps.item() == 3
    assert [each["train/temperature"].item() for each in terms] == pytest.approx([1.0, math.exp(-0.1), math.exp(-0.2)])


def test_negative_elbo_bounds_a_likelihood_that_is_summed_over_all_codes() -> None:
    model, x = _small(), _binary_digits()
    log_joint = _log_joint(model, x)
    log_q = model.posterior(x).log_q
    weights = torch.stack([log_q[:, 0, a] + log_q[:, 1, b] for a, b in CODES]).exp()
    exact = (weights * (weights.log() - log_joint)).sum(dim=0).detach()
    assert (exact >= -log_joint.logsumexp(dim=0) - 1e-9).all()
    torch.testing.assert_close(model.negative_elbo(x, seeded(0), samples=4_000), exact, atol=0.5, rtol=0)


def test_log_weights_are_those_of_one_hot_codes_and_average_to_the_likelihood() -> None:
    model, x = _small(), _binary_digits()
    log_joint, log_q = _log_joint(model, x), model.posterior(x).log_q
    possible = torch.stack([log_joint[i] - log_q[:, 0, a] - log_q[:, 1, b] for i, (a, b) in enumerate(CODES)]).detach()
    weights = model.log_weights(x.repeat(1_000, 1, 1), seeded(0), 4).reshape(4_000, 8)
    assert (weights[:, None] - possible).abs().amin(dim=1).max().item() < 1e-9
    nll = math.log(4_000) - weights.logsumexp(dim=0)
    torch.testing.assert_close(nll, -log_joint.logsumexp(dim=0).detach(), atol=0.05, rtol=0)


def test_log_weights_with_a_style_average_to_a_likelihood_that_is_integrated_over_it() -> None:
    model, x = _small(style_dim=1), _binary_digits()
    grid = torch.linspace(-8, 8, 801, dtype=torch.float64)
    log_prior = log_prob(Normal(0.0, 1.0), grid)[:, None] + math.log(16 / 800) - 2 * math.log(3)
    by_code = []
    for a, b in CODES:
        codes = torch.cat([torch.eye(3)[a], torch.eye(3)[b]]).expand(801, 6)
        logits = model.decoder(torch.cat([codes, grid[:, None]], dim=1))[:, None]
        by_code.append((log_prob(Bernoulli(logits=logits), x).sum(dim=(2, 3)) + log_prior).logsumexp(dim=0))
    weights = model.log_weights(x.repeat(1_000, 1, 1), seeded(0), 5)
    nll = math.log(5_000) - weights.reshape(5_000, 8).logsumexp(dim=0)
    torch.testing.assert_close(nll, -torch.stack(by_code).logsumexp(dim=0).detach(), atol=0.1, rtol=0)


def test_samples_of_the_prior_use_every_category_equally_often() -> None:
    """A decoder that returns one category's indicator as a pixel makes images whose mean is that category's share."""
    model = _model(variables=1, categories=4, hidden=8)
    for parameter in model.decoder.parameters():
        torch.nn.init.zeros_(parameter)
    weights = dict(model.decoder.named_parameters())
    weights["0.weight"].data[1, 0] = 1.0
    weights["2.weight"].data[0] = 40.0
    weights["2.bias"].data.fill_(-20.0)
    white = model.sample(4_000, seeded(0)).round().mean().item()
    assert white == pytest.approx(0.25, abs=0.02)


def test_the_code_becomes_informative() -> None:
    model = _model(variables=8, categories=4, beta=0.3)
    terms = train(model, model.make_optimizers(), *digits(320), range(15))
    assert 2 < terms[-1]["train/kl"].item() < 8 * math.log(4)


def _small(style_dim: int = 0) -> CatVAEModel:
    model = _model(variables=2, categories=3, style_dim=style_dim).double()
    train(model, model.make_optimizers(), digits(320)[0].double(), digits(320)[1], range(3))
    return model


def _binary_digits() -> Tensor:
    return torch.bernoulli(digits(8)[0], generator=seeded(1)).double()


def _log_joint(model: CatVAEModel, x: Tensor) -> Tensor:
    """Return log p(x, z) of every code z, `(codes, n)`."""
    one_hot = torch.eye(3).double()
    logits = [model.decoder(torch.cat([one_hot[a], one_hot[b]])[None]) for a, b in CODES]
    return torch.stack([log_prob(Bernoulli(logits=each), x).sum(dim=(1, 2)) - 2 * math.log(3) for each in logits])


def _model(**values: Value) -> CatVAEModel:
    built = build("cat_vae", {"hidden": 32, **values}, side=8, classes=10, seed=0)
    assert isinstance(built, CatVAEModel)
    return built
