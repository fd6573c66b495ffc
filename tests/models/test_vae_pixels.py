"""The two likelihoods of pixels, against torch.distributions and against sums over all greys."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Normal

from models.base import LatentVariableModel
from models.build import build
from models.metrics.likelihood import nelbo, observe
from models.vae_pixels import BernoulliPixels, GaussianPixels, pixels
from tests.models.oracles import log_prob
from tests.models.training import digits, learn, seeded, train


def test_names_lead_to_their_likelihoods() -> None:
    assert isinstance(pixels("bernoulli", 17), BernoulliPixels)
    gaussian = pixels("gaussian", 17)
    assert isinstance(gaussian, GaussianPixels)
    assert gaussian.levels == 17
    with pytest.raises(ValueError, match="must be bernoulli or gaussian, but got 'beta'"):
        pixels("beta", 17)


def test_bernoulli_pixels_are_those_of_torch_distributions() -> None:
    outputs, images = _outputs(5), digits(5)[0].double()
    x = BernoulliPixels().draw(images, _uniform(5))
    expected = -log_prob(Bernoulli(logits=outputs), x).sum(dim=(1, 2))
    torch.testing.assert_close(BernoulliPixels().nll(outputs, x), expected)
    torch.testing.assert_close(BernoulliPixels().greys(outputs), Bernoulli(logits=outputs).mean)


def test_gaussian_pixels_are_those_of_torch_distributions_on_the_scale_of_levels() -> None:
    """The greys times 17 have 17 times the mean and the standard deviation."""
    outputs, gaussian = _outputs(5), GaussianPixels(17).double()
    x = gaussian.draw(digits(5)[0].double(), _uniform(5))
    sigma = gaussian.log_var.detach().exp().sqrt()
    expected = -log_prob(Normal(17 * outputs.sigmoid(), 17 * sigma), 17 * x).sum(dim=(1, 2))
    torch.testing.assert_close(gaussian.nll(outputs, x).detach(), expected)


def test_the_gaussian_likelihood_of_dequantised_greys_bounds_that_of_the_greys() -> None:
    """P(k) is the integral of the density over level k; by Jensen no mean of -log p over the level is below -log P."""
    gaussian, outputs = GaussianPixels(5).double(), torch.full((1, 1, 1), 0.3, dtype=torch.float64)
    sigma = gaussian.log_var.detach().exp().sqrt()
    mean = outputs.sigmoid().item()
    noise = (torch.arange(10_000).double() + 0.5) / 10_000
    for grey in range(5):
        images = torch.full((10_000, 1, 1), grey / 4, dtype=torch.float64)
        x = gaussian.draw(images, noise.view(-1, 1, 1))
        bound = gaussian.nll(outputs.expand_as(x), x).mean().item()
        low, high = (torch.special.ndtr((edge / 5 - mean) / sigma).item() for edge in (grey, grey + 1))
        assert -math.log(high - low) <= bound < -math.log(high - low) + 0.5


def test_the_learned_sigma_becomes_that_of_the_residuals() -> None:
    """With the decoder's means held, the likeliest σ² is the mean square of what is left."""
    gaussian, images = GaussianPixels(17), digits(200)[0]
    x = gaussian.draw(images, torch.rand(images.shape, generator=seeded(0)))
    outputs = torch.logit(images.mean(dim=0).clamp(0.05, 0.95)).expand_as(images)
    adam = torch.optim.Adam(gaussian.parameters(), lr=0.05)
    for _ in range(200):
        adam.zero_grad()
        torch.autograd.backward(gaussian.nll(outputs, x).mean())
        adam.step()
    assert gaussian.log_var.exp().item() == pytest.approx((x - outputs.sigmoid()).square().mean().item(), rel=1e-3)


@pytest.mark.parametrize("decoder", ["bernoulli", "gaussian"])
def test_samples_of_either_decoder_are_greys(decoder: str) -> None:
    sample = _model(decoder).sample(20, seeded(0))
    assert sample.min() >= 0
    assert sample.max() <= 1


def test_a_gaussian_vae_learns_its_sigma_and_lowers_its_loss_below_that_of_independent_pixels() -> None:
    model = _model("gaussian")
    images, labels = digits(320)
    x = model.draw_pixels(images, torch.rand(images.shape, generator=seeded(0)))
    mean, sigma = x.mean(dim=0), (x - x.mean(dim=0)).square().mean().sqrt()
    independent = -log_prob(Normal(17 * mean, 17 * sigma), 17 * x).sum(dim=(1, 2))
    optimizers = model.make_optimizers()
    first = learn(model, optimizers, images, labels, seeded(99))["loss/L"].item()
    last = train(model, optimizers, images, labels, range(20))[-1]["loss/L"].item()
    assert last < first - 15
    assert last < independent.mean().item()


def test_what_is_scored_of_a_gaussian_decoder_is_dequantised_greys() -> None:
    model, images = _model("gaussian"), digits(30)[0]
    x = observe(model, images)
    assert torch.equal((x * 17).floor(), (images * 16).round())
    assert torch.equal(x, observe(model, images))
    assert nelbo(model, x, seeded(0)) > 64 * math.log(17 * 0.05)


def _model(decoder: str) -> LatentVariableModel:
    built = build("vae", {"decoder": decoder, "hidden": 64, "latent_dim": 4}, side=8, classes=10, seed=0, levels=17)
    assert isinstance(built, LatentVariableModel)
    return built


def _outputs(count: int) -> Tensor:
    return torch.randn(count, 8, 8, generator=seeded(1), dtype=torch.float64)


def _uniform(count: int) -> Tensor:
    return torch.rand(count, 8, 8, generator=seeded(2), dtype=torch.float64)
