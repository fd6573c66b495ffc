"""The importance-weighted likelihood against closed forms: linear Gaussian models, and weights that are chosen."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from models.metrics import importance
from models.metrics.importance import nll_iwae
from tests.models.metrics.weighing import OnlyWeighs
from tests.models.oracles import log_prob
from tests.models.training import seeded

LATENT, SIGMA = 2, 0.6
UNIT = torch.eye(4, dtype=torch.float64)


class LinearGaussian(OnlyWeighs):
    """x = W z + m + σ ε of four pixels: the posterior is Gaussian, and p(x) = N(m, W Wᵀ + σ² 1).

    Args:
        widened: By what the covariance of the exact posterior is multiplied to give q.
    """

    def __init__(self, widened: float) -> None:
        super().__init__()
        self.widened = widened
        self.weight = torch.randn(4, LATENT, generator=seeded(0), dtype=torch.float64)
        self.mean = torch.randn(4, generator=seeded(1), dtype=torch.float64)

    def marginal(self) -> MultivariateNormal:
        return MultivariateNormal(self.mean, self.weight @ self.weight.T + SIGMA**2 * UNIT)

    def log_weights(self, images: Tensor, generator: torch.Generator, samples: int) -> Tensor:
        x, weight = images.flatten(1), self.weight
        covariance = torch.linalg.inv(UNIT[:LATENT, :LATENT] + weight.T @ weight / SIGMA**2)
        q = MultivariateNormal((x - self.mean) @ weight @ covariance / SIGMA**2, self.widened * covariance)
        noise = torch.randn(samples, len(x), LATENT, generator=generator, dtype=torch.float64)
        z = q.mean + noise @ q.scale_tril[0].T
        likelihood = MultivariateNormal(z @ weight.T + self.mean, SIGMA**2 * UNIT)
        prior = MultivariateNormal(torch.zeros(LATENT).double(), UNIT[:LATENT, :LATENT])
        return log_prob(likelihood, x) + log_prob(prior, z) - log_prob(q, z)


class Weighs(OnlyWeighs):
    """Gives every image the same chosen weights, in turn."""

    def __init__(self, *weights: float) -> None:
        super().__init__()
        self.log_of = torch.tensor(weights).log()
        self.given = 0

    def log_weights(self, images: Tensor, generator: torch.Generator, samples: int) -> Tensor:
        rows = torch.arange(self.given, self.given + samples) % len(self.log_of)
        self.given += samples
        return self.log_of[rows, None].expand(-1, len(images))


@pytest.mark.parametrize("draws", [1, 7, 250])
def test_with_the_exact_posterior_every_draw_says_the_likelihood(draws: int) -> None:
    model = LinearGaussian(widened=1.0)
    x = _images(20)
    found = nll_iwae(model, x, seeded(2), draws)
    torch.testing.assert_close(found.nll, -log_prob(model.marginal(), x.flatten(1)), atol=1e-9, rtol=0)
    torch.testing.assert_close(found.effective, torch.full((20,), float(draws), dtype=torch.float64))
    assert found.starved == (1.0 if draws == 1 else 0.0)


def test_a_posterior_twice_as_wide_costs_its_divergence_and_more_draws_win_it_back() -> None:
    """One draw costs KL(q||p(z|x)) = ½ (2 - 1 - log 2) a dimension, and k of them nearly Var w/(E w)²/2k = 1/6k."""
    model, x = LinearGaussian(widened=2.0), _images(20_000)
    exact = -log_prob(model.marginal(), x.flatten(1))
    one, five, fifty = ((nll_iwae(model, x, seeded(2), draws).nll - exact).mean().item() for draws in (1, 5, 50))
    assert one == pytest.approx(LATENT * 0.5 * (1 - math.log(2)), abs=0.03)  # the standard error is 0.007
    assert five == pytest.approx(1 / 30, abs=0.01)  # 0.002
    assert fifty == pytest.approx(1 / 300, abs=0.0025)  # 0.0006
    effective = nll_iwae(model, x[:100], seeded(2), 4_000).effective / 4_000
    torch.testing.assert_close(effective, torch.full((100,), 0.75).double(), atol=0.05, rtol=0)


def test_the_estimate_is_the_logarithm_of_the_mean_weight() -> None:
    found = nll_iwae(Weighs(1.0, 2.0, 6.0), torch.zeros(4, 2, 2), seeded(0), 3)
    assert found.nll.tolist() == pytest.approx([-math.log(3)] * 4)
    assert found.effective.tolist() == pytest.approx([81 / 41] * 4)
    assert found.mean == pytest.approx(-math.log(3))
    assert found.standard_error == pytest.approx(0)
    assert found.starved == 1.0


def test_the_error_is_that_of_a_mean_over_images() -> None:
    found = importance.ImportanceEstimate(torch.tensor([1.0, 3.0, 5.0, 7.0]), torch.tensor([1.0, 1.9, 2.0, 9.0]))
    assert found.mean == 4.0
    assert found.standard_error == pytest.approx(math.sqrt(20 / 3) / 2)
    assert found.starved == 0.5
    assert math.isnan(nll_iwae(Weighs(1.0), torch.zeros(1, 2, 2), seeded(0), 3).standard_error)


def test_draws_and_images_may_be_weighed_in_any_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    x, chosen = torch.zeros(5, 2, 2), (1.0, 2.0, 6.0, 3.0, 9.0, 0.5)
    whole = nll_iwae(Weighs(*chosen), x, seeded(0), 6)
    monkeypatch.setattr(importance, "DRAWS", 4)
    monkeypatch.setattr(importance, "IMAGES", 2)
    portions = nll_iwae(Weighs(*chosen), x, seeded(0), 6)
    torch.testing.assert_close(portions.nll, whole.nll)
    torch.testing.assert_close(portions.effective, whole.effective)


def test_weights_far_below_what_a_float_can_hold_are_no_trouble() -> None:
    model = Weighs(1.0, 3.0)
    model.log_of = model.log_of - 1e5
    found = nll_iwae(model, torch.zeros(2, 2, 2), seeded(0), 2)
    assert found.nll.tolist() == pytest.approx([1e5 - math.log(2)] * 2, rel=1e-7)
    assert found.effective.tolist() == pytest.approx([1.6] * 2, rel=0.02)  # single precision, 1e5 apart


def _images(count: int) -> Tensor:
    return torch.randn(count, 2, 2, generator=seeded(3), dtype=torch.float64)
