"""The β-TCVAE: its three weights, its reduction, and what β does to a code."""

import pytest
import torch
from torch import Tensor
from torch.distributions import Normal

from models.build import build
from models.rule import Value
from models.tc_vae import BetaTCVAEModel
from models.vae import VAEModel
from tests.models.oracles import log_prob
from tests.models.training import digits, learn, seeded, train


@pytest.mark.parametrize(("alpha", "beta", "lambda_"), [(0.0, 1.0, 1.0), (0.4, 6.0, 2.0), (1.0, 0.0, 0.0)])
def test_every_part_has_its_weight(alpha: float, beta: float, lambda_: float) -> None:
    images, labels = digits(32)
    model = _model(alpha=alpha, beta=beta, lambda_=lambda_)
    terms = learn(model, model.make_optimizers(), images, labels, seeded(3))
    reconstruction, mi, tc, dw = (terms[f"train/{name}"].item() for name in ("reconstruction", "mi", "tc", "dw"))
    expected = reconstruction + (1 - alpha) * mi + beta * tc + lambda_ * dw
    assert terms["loss/L"].item() == pytest.approx(expected, rel=1e-6)
    assert terms["loss/J"].item() == pytest.approx(reconstruction + terms["train/kl"].item(), rel=1e-6)


@pytest.mark.parametrize("examples", [0, 10_000])
def test_at_its_neutral_weights_it_is_the_plain_vae_whose_kl_is_of_the_same_draws(examples: int) -> None:
    """The parts sum to log q(z|x) - log p(z) of the very z that is decoded: equal losses and gradients."""
    x = torch.bernoulli(digits(32)[0], generator=seeded(1)).double()
    model, plain = _model(alpha=0.0, beta=1.0, lambda_=1.0).double(), _plain().double()
    model.examples = examples
    for seed in range(3):
        code = plain.code(x, torch.randn(32, 4, generator=seeded(seed), dtype=x.dtype))
        posterior = Normal(code.mu, (0.5 * code.log_var).exp())
        ratio = log_prob(posterior, code.z) - log_prob(Normal(0.0, 1.0), code.z)
        expected = plain.reconstruction(code.z, x).mean() + ratio.sum(dim=1).mean()
        loss = _loss(model, x, seed)
        assert loss.item() == pytest.approx(expected.item(), rel=1e-9)
        ours, theirs = (
            torch.autograd.grad(each, list(of.parameters())) for each, of in ((loss, model), (expected, plain))
        )
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-6)


def test_at_its_neutral_weights_it_is_the_plain_vae_in_expectation() -> None:
    """The mean over draws of the code, for given images: L of the β-TCVAE against L of the VAE, whose KL is exact."""
    x = torch.bernoulli(digits(32)[0], generator=seeded(1)).double()
    model, plain = _model(alpha=0.0, beta=1.0, lambda_=1.0).double(), _plain().double()
    differences = torch.stack([_loss(model, x, seed) - _loss(plain, x, seed) for seed in range(300)])
    standard_error = differences.std().item() / 300**0.5
    assert abs(differences.mean().item()) < 3 * standard_error
    assert 0 < standard_error < 0.05


def test_at_its_neutral_weights_its_gradient_is_that_of_the_plain_vae_in_expectation() -> None:
    x = torch.bernoulli(digits(16)[0], generator=seeded(1)).double()
    model, plain = _model(alpha=0.0, beta=1.0, lambda_=1.0).double(), _plain().double()
    ours, exact = (torch.stack([_gradient(each, x, seed) for seed in range(300)]) for each in (model, plain))
    standard_errors = (ours - exact).std(dim=0) / 300**0.5 + 1e-12
    deviations = (ours - exact).mean(dim=0) / standard_errors
    assert deviations.abs().mean().item() == pytest.approx(0.8, abs=0.25)  # E|N(0, 1)| = 0.80
    assert deviations.abs().max().item() < 6


def test_the_number_of_examples_matters_to_the_parts_and_not_to_their_sum() -> None:
    images, labels = digits(320)
    parts = []
    for examples in (320, 10_000):
        model = _model(alpha=1.0, beta=0.0, lambda_=0.1)
        optimizers = model.make_optimizers()
        train(model, optimizers, images, labels, range(15))
        model.examples = examples
        terms = learn(model, optimizers, images[:32], labels[:32], seeded(3))
        parts.append([terms[f"train/{name}"].item() for name in ("mi", "tc", "dw")])
    few, many = parts
    assert sum(few) == pytest.approx(sum(many), rel=1e-4)
    assert many[0] > few[0] + 0.1


def test_beta_lowers_the_total_correlation_of_the_code() -> None:
    loose, tight = (_total_correlation_after_training(beta) for beta in (0.0, 8.0))
    assert tight < 0.7 * loose


def _model(*, alpha: float, beta: float, lambda_: float) -> BetaTCVAEModel:
    values: dict[str, Value] = {"alpha": alpha, "beta": beta, "lambda": lambda_, "latent_dim": 4, "hidden": 32}
    built = build("beta_tcvae", values, side=8, classes=10, seed=0)
    assert isinstance(built, BetaTCVAEModel)
    return built


def _plain() -> VAEModel:
    built = build("vae", {"latent_dim": 4, "hidden": 32}, side=8, classes=10, seed=0)
    assert isinstance(built, VAEModel)
    return built


def _loss(model: VAEModel, x: Tensor, seed: int) -> Tensor:
    code = model.code(x, torch.randn(len(x), 4, generator=seeded(seed), dtype=x.dtype))
    return model.loss_of(x, code, {})[0]


def _gradient(model: VAEModel, x: Tensor, seed: int) -> Tensor:
    bias = list(model.encoder.parameters())[-1]
    return torch.autograd.grad(_loss(model, x, seed), [bias])[0]


def _total_correlation_after_training(beta: float) -> float:
    model = _model(alpha=0.0, beta=beta, lambda_=1.0)
    model.examples = 320
    terms = train(model, model.make_optimizers(), *digits(320), range(15))
    return torch.stack([each["train/tc"] for each in terms[-10:]]).mean().item()
