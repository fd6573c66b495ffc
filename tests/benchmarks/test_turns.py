"""Turns are taken there and back, and ratios are of the rounds."""

import pytest

from benchmarks.turns import Ratio, ratio, take_turns


def test_every_runner_runs_once_a_round_there_and_back() -> None:
    called: list[str] = []
    seconds = take_turns({name: lambda name=name: called.append(name) for name in "abc"}, rounds=3)  # type: ignore[misc]  # a default is no argument
    assert called == list("abccbaabc")
    assert {name: len(times) for name, times in seconds.items()} == {"a": 3, "b": 3, "c": 3}


def test_a_ratio_is_the_median_over_the_rounds_with_its_quartiles() -> None:
    """A round in which everything took ten times as long changes nothing."""
    found = ratio([1.0, 30.0, 2.0, 4.0, 5.0], [1.0, 10.0, 1.0, 1.0, 1.0])
    assert found == Ratio(low=2.0, median=3.0, high=4.0)
    assert str(found) == "3.00 (2.00 to 4.00)"
    assert ratio([2.0, 2.0], [1.0, 4.0]).median == pytest.approx(1.25)
