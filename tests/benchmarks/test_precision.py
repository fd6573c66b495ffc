"""What is said of two trainings on the same folds."""

import math

import pytest

from benchmarks.precision import Difference, compare


def test_differences_are_paired_by_fold() -> None:
    """Differences 1, 2, 3 have mean 2 and variance 1: an error of sqrt(1/3 + 1/2)."""
    found = compare([10.0, 20.0, 30.0], [11.0, 22.0, 33.0])
    assert (found.mean, found.difference) == (20.0, 2.0)
    assert found.error == pytest.approx(math.sqrt(5 / 6))


@pytest.mark.parametrize(
    ("difference", "verdict"), [(-1.1, "better"), (-1.0, "holds"), (0.0, "holds"), (1.0, "holds"), (1.1, "worse")]
)
def test_quality_holds_within_one_standard_error(difference: float, verdict: str) -> None:
    assert Difference(mean=5.0, difference=difference, error=1.0).verdict == verdict
