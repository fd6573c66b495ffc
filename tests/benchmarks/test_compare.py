"""The table of a comparison, from runs whose figures are chosen."""

import pytest

from benchmarks.compare import COMPARISONS, Run, table


def test_times_are_ratios_of_median_times_for_a_fold_epoch() -> None:
    ours = [Run("ray-tune", "sweeps", seconds, 690, 2**29, 0.9, 0.95) for seconds in (13.8, 6.9, 69.0)]
    rivals = [Run("ray-tune", "Ray Tune", seconds, 1_530, 2**28, None, None) for seconds in (122.4, 61.2)]
    _, first, second = (line.split() for line in table([*ours, *rivals]))
    assert first == ["ray-tune", "sweeps", "3", "690", "13.8", "20.0", "1.00", "512", "0.90", "0.95"]
    assert second == ["ray-tune", "Ray", "Tune", "2", "1530", "91.8", "60.0", "3.00", "256", "nan", "nan"]


@pytest.mark.parametrize("name", COMPARISONS)
def test_every_comparison_measures_by_our_recorded_sweep(name: str) -> None:
    assert COMPARISONS[name].systems[0] == "sweeps"
    assert len(COMPARISONS[name].systems) == 2
