"""The Fréchet distance, against closed forms and two independent implementations."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from torchmetrics.image.fid import FrechetInceptionDistance

from models.metrics.frechet import Gaussian, fit_gaussian, frechet_distance

Array = NDArray[np.float64]


class Features(torch.nn.Module):
    """Hands torchmetrics the features as they are."""

    num_features = 8

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


def random_gaussian(rng: np.random.Generator, width: int, rank: int | None = None) -> Gaussian:
    factor = rng.normal(size=(width, rank or width))
    return Gaussian(rng.normal(size=width), factor @ factor.T)


@pytest.mark.parametrize("width", [1, 2, 5, 16])
def test_it_equals_the_definition_by_a_general_matrix_root(width: int) -> None:
    rng = np.random.default_rng(width)
    p, q = random_gaussian(rng, width), random_gaussian(rng, width)
    root = sqrtm(p.covariance @ q.covariance).real
    expected = np.sum((p.mean - q.mean) ** 2) + np.trace(p.covariance + q.covariance - 2 * root)
    assert frechet_distance(p, q) == pytest.approx(expected, rel=1e-9)


def test_of_diagonal_gaussians_it_is_the_distance_of_means_and_deviations() -> None:
    p = Gaussian(np.array([1.0, -2.0, 0.5]), np.diag([4.0, 0.25, 0.0]))
    q = Gaussian(np.array([0.0, -2.0, 2.5]), np.diag([1.0, 2.25, 9.0]))
    means = 1.0**2 + 0.0**2 + 2.0**2
    deviations = (2.0 - 1.0) ** 2 + (0.5 - 1.5) ** 2 + (0.0 - 3.0) ** 2
    assert frechet_distance(p, q) == pytest.approx(means + deviations, rel=1e-12)


def test_it_equals_torchmetrics_on_the_same_features() -> None:
    rng = np.random.default_rng(0)
    p, q = rng.normal(size=(50, 8)), rng.normal(0.2, 1.5, size=(60, 8))
    oracle = FrechetInceptionDistance(feature=Features(), normalize=True)
    oracle.set_dtype(torch.float64)
    oracle.update(torch.from_numpy(p), real=True)
    oracle.update(torch.from_numpy(q), real=False)
    assert frechet_distance(fit_gaussian(p), fit_gaussian(q)) == pytest.approx(float(oracle.compute()), rel=1e-6)


@pytest.mark.parametrize("rank", [1, 6])
def test_identical_gaussians_are_no_distance_apart_even_if_singular(rank: int) -> None:
    p = random_gaussian(np.random.default_rng(rank), 6, rank)
    # Roots turn a rounding error of 1e-16 into 1e-8.
    assert frechet_distance(p, p) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(p, p) >= 0.0


def test_it_is_symmetric() -> None:
    rng = np.random.default_rng(3)
    p, q = random_gaussian(rng, 6, 2), random_gaussian(rng, 6)
    assert frechet_distance(p, q) == pytest.approx(frechet_distance(q, p), rel=1e-6)


def test_two_draws_of_one_gaussian_are_as_far_apart_as_the_bias_formula_says() -> None:
    rng = np.random.default_rng(4)
    width, n, m = 8, 400, 600
    draws = [
        frechet_distance(fit_gaussian(rng.normal(size=(n, width))), fit_gaussian(rng.normal(size=(m, width))))
        for _ in range(200)
    ]
    from_means, from_covariances = width * (1 / n + 1 / m), width * (width + 1) / 4 * (1 / n + 1 / m)
    assert np.mean(draws) == pytest.approx(from_means + from_covariances, rel=0.05)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_gives_nan(bad: float) -> None:
    fine = Gaussian(np.zeros(2), np.eye(2))
    for broken in (
        Gaussian(np.array([0.0, bad]), np.eye(2)),
        Gaussian(np.zeros(2), np.array([[1.0, bad], [bad, 1.0]])),
    ):
        assert np.isnan(frechet_distance(fine, broken))
        assert np.isnan(frechet_distance(broken, fine))


def test_a_fit_is_mean_and_unbiased_covariance_in_double_precision() -> None:
    features = np.random.default_rng(5).normal(1000.0, 1.0, size=(300, 3)).astype(np.float32)
    fitted = fit_gaussian(features)
    assert np.allclose(fitted.covariance, np.cov(features.astype(np.float64).T), rtol=1e-12)
    assert np.allclose(fitted.mean, features.astype(np.float64).mean(axis=0), rtol=1e-14)
    assert fitted.covariance.dtype == np.float64


def test_one_example_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="at least 2 examples, but got 1"):
        fit_gaussian(np.zeros((1, 4)))
