"""Domains: what lies in them, how they are drawn, and which are refused."""

import math

import numpy as np
import pytest
from scipy import stats

from search_spaces.domains import Choice, Domain, IntegerRange, LogUniform, Uniform, Value

DOMAINS: list[Domain] = [Uniform(-2.0, 5.0), LogUniform(1e-4, 10.0), IntegerRange(3, 9), Choice((True, "dense", 0.5))]


def draw(domain: Domain, count: int) -> list[Value]:
    rng = np.random.default_rng(7)
    return [domain.sample(rng) for _ in range(count)]


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: type(domain).__name__)
def test_every_draw_lies_in_its_domain(domain: Domain) -> None:
    assert all(map(domain.contains, draw(domain, 500)))


def test_uniform_is_drawn_uniformly() -> None:
    assert stats.kstest(draw(Uniform(-2.0, 5.0), 2000), stats.uniform(-2, 7).cdf).pvalue > 0.01


def test_the_logarithm_of_log_uniform_is_drawn_uniformly() -> None:
    drawn = np.log([float(value) for value in draw(LogUniform(1e-4, 10.0), 2000)])
    expected = stats.uniform(math.log(1e-4), math.log(10) - math.log(1e-4))
    assert stats.kstest(drawn, expected.cdf).pvalue > 0.01


def test_an_integer_range_yields_both_its_ends_and_all_between() -> None:
    assert set(draw(IntegerRange(3, 9), 500)) == {3, 4, 5, 6, 7, 8, 9}


def test_a_choice_yields_each_value_about_as_often() -> None:
    drawn = draw(Choice(("a", "b", "c")), 3000)
    assert all(900 < drawn.count(value) < 1100 for value in "abc")


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        (Uniform(0, 1), [0, 0.5, 1.0], [-1e-9, 1.1, math.nan, True, "0.5", None]),
        (LogUniform(0.1, 10), [0.1, 1, 10.0], [0, 0.09, 11, False, "1"]),
        (IntegerRange(1, 3), [1, 2, 3], [0, 4, 2.0, True, "2"]),
        (Choice(("dense", "conv")), ["dense", "conv"], ["Dense", 0, None]),
    ],
)
def test_a_domain_contains_its_own_values_and_no_others(
    domain: Domain, inside: list[object], outside: list[object]
) -> None:
    assert [domain.contains(value) for value in inside] == [True] * len(inside)
    assert [domain.contains(value) for value in outside] == [False] * len(outside)


def test_a_domain_of_one_value_draws_it() -> None:
    assert draw(LogUniform(0.3, 0.3), 3) == [0.3] * 3
    assert draw(Uniform(2, 2), 3) == [2.0] * 3
    assert draw(IntegerRange(4, 4), 3) == [4] * 3


@pytest.mark.parametrize(("low", "high"), [(3, 1), (math.nan, 1), (0.1, math.inf)])
def test_a_reversed_or_infinite_interval_is_refused_with_its_ends(low: float, high: float) -> None:
    for kind in (Uniform, LogUniform):
        with pytest.raises(ValueError, match=f"`low <= high` must hold .* got low={low}, high={high}"):
            kind(low, high)


@pytest.mark.parametrize("low", [0.0, -1.0])
def test_log_uniform_refuses_an_end_that_has_no_logarithm(low: float) -> None:
    with pytest.raises(ValueError, match=f"`0 < low` must hold for log_uniform, but got low={low}"):
        LogUniform(low, 1.0)


def test_an_integer_range_refuses_fractions() -> None:
    with pytest.raises(ValueError, match=r"low and high must be whole numbers, but got low=1, high=2\.5"):
        IntegerRange(1, 2.5)  # type: ignore[arg-type]  # what a spec may hold


def test_a_choice_refuses_to_be_empty_or_to_repeat_itself() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        Choice(())
    with pytest.raises(ValueError, match="must differ"):
        Choice(("a", "b", "a"))


def test_a_choice_refuses_values_that_python_cannot_tell_apart() -> None:
    with pytest.raises(ValueError, match=r"must differ, but got \[True, 1\]"):
        Choice((True, 1))


def test_lies_within_asks_for_both_ends_or_every_value() -> None:
    assert Uniform(1, 2).lies_within(lambda value: float(value) <= 2)
    assert not LogUniform(1, 3).lies_within(lambda value: float(value) <= 2)
    assert not IntegerRange(1, 3).lies_within(lambda value: float(value) >= 2)
    assert not Choice((1, 5, 2)).lies_within(lambda value: float(value) <= 2)
