"""The translation to hyperopt: there and back, and what hyperopt itself draws lies in the space."""

import numpy as np
import pytest
from hyperopt.pyll.stochastic import sample
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.domains import Choice, IntegerRange, LogUniform, Uniform, Value
from search_spaces.hyperopt_space import from_hyperopt, to_hyperopt, to_hyperopt_vals
from search_spaces.space import Condition, Dimension, SearchSpace

SPACE = SearchSpace(
    (
        Dimension("lr", LogUniform(1e-4, 1e-1)),
        Dimension("width", IntegerRange(2, 5)),
        Dimension("kind", Choice(("plain", "deep", 3))),
        Dimension("depth", Uniform(-1, 3), when=Condition("kind", "deep")),
        Dimension("norm", Choice((True, False)), when=Condition("kind", "deep")),
        Dimension("scale", LogUniform(0.5, 2), when=Condition("norm", True)),
    )
)


@given(st.integers(0, 2**32 - 1))
def test_a_configuration_goes_to_hyperopt_and_back_unchanged(seed: int) -> None:
    configuration = SPACE.sample(np.random.default_rng(seed))
    vals = to_hyperopt_vals(SPACE, configuration)
    assert list(vals) == list(SPACE.names)
    assert from_hyperopt(SPACE, vals) == configuration


def test_inactive_hyperparameters_are_empty_lists_and_choices_are_indices() -> None:
    vals = to_hyperopt_vals(SPACE, {"lr": 0.01, "width": 3, "kind": 3})
    assert vals == {"lr": [0.01], "width": [3], "kind": [2], "depth": [], "norm": [], "scale": []}


def test_hyperopt_draws_children_below_their_own_option_and_inside_their_domains() -> None:
    rng = np.random.default_rng(1)
    drawn = [sample(to_hyperopt(SPACE), rng) for _ in range(300)]
    options = [configuration["kind"] for configuration in drawn]
    deep = [option for option in options if "depth" in option]
    assert 60 < len(deep) < 140
    assert all(-1 <= option["depth"] <= 3 for option in deep)
    assert all(option == {} for option in options if option not in deep)
    scales = [option["norm"]["scale"] for option in deep if option["norm"]]
    assert 0 < len(scales) < len(deep)
    assert all(0.5 <= scale <= 2 for scale in scales)
    assert {int(configuration["width"]) for configuration in drawn} == {2, 3, 4, 5}


@pytest.mark.parametrize(("raw", "value"), [(0.10000000000000002, 0.1), (9.999999999999999e-05, 1e-4), (0.05, 0.05)])
def test_a_last_bit_beyond_the_interval_is_brought_back(raw: float, value: float) -> None:
    space = SearchSpace((Dimension("lr", LogUniform(1e-4, 1e-1)),))
    assert from_hyperopt(space, {"lr": [raw]}) == {"lr": value}


def test_values_come_back_as_plain_python() -> None:
    raw: dict[str, list[float | int]] = {"lr": [np.float64(0.01)], "width": [np.float64(3.0)], "kind": [np.float64(0)]}
    configuration: dict[str, Value] = from_hyperopt(SPACE, raw)
    assert [type(value) for value in configuration.values()] == [float, int, str]
