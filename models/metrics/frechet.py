"""The Fréchet distance between two Gaussians, in float64: what FID is on features (Heusel 2017, Eq. 6)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Gaussian", "fit_gaussian", "frechet_distance"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal distribution: mean `(d,)` and covariance `(d, d)`."""

    mean: Array
    covariance: Array

    @cached_property
    def root(self) -> Array:
        """Σ^½ `(d, d)`, symmetric."""
        eigenvalues, eigenvectors = np.linalg.eigh(self.covariance)
        root: Array = (eigenvectors * np.sqrt(eigenvalues.clip(min=0.0))) @ eigenvectors.T
        return root


def fit_gaussian(features: NDArray[np.floating]) -> Gaussian:
    """Fit mean and unbiased covariance to features `(n, d)`, n ≥ 2.

    Raises:
        ValueError: Fewer than two examples, from which there is no covariance.
    """
    if len(features) < 2:
        raise ValueError(f"a covariance needs at least 2 examples, but got {len(features)}")
    features = features.astype(np.float64)
    mean = features.mean(axis=0)
    centred = features - mean
    return Gaussian(mean, centred.T @ centred / (len(features) - 1))


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """Return |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁Σ₂)^½) (Dowson and Landau 1982).

    Σ₁Σ₂ is similar to the symmetric Σ₂^½ Σ₁ Σ₂^½, so the trace of its root is the sum of the roots of that matrix's
    eigenvalues: no complex square root, and no failure when a covariance is singular. For n and m draws of one
    unit Gaussian in d dimensions it is about (d(d+1)/4 + d)·(1/n + 1/m), from covariances and means, instead of 0.

    Returns:
        At least 0; nan if an input is not finite.
    """
    inputs = (first.mean, first.covariance, second.mean, second.covariance)
    if not all(np.isfinite(values).all() for values in inputs):
        return float("nan")
    eigenvalues = np.linalg.eigvalsh(second.root @ first.covariance @ second.root)
    trace_of_root = np.sqrt(eigenvalues.clip(min=0.0)).sum()  # rounding leaves zeros slightly negative
    difference = first.mean - second.mean
    traces = np.trace(first.covariance) + np.trace(second.covariance)
    return max(float(difference @ difference + traces - 2.0 * trace_of_root), 0.0)
