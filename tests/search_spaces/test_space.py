"""Search spaces: conditions hold in every draw, and spaces that cannot be drawn are refused."""

import numpy as np
import pytest

from search_spaces.domains import Choice, LogUniform, Uniform, Value
from search_spaces.space import Condition, Dimension, SearchSpace

PARENT = Dimension("kind", Choice(("plain", "deep")))
CHILD = Dimension("depth", Uniform(1, 3), when=Condition("kind", "deep"))
SPACE = SearchSpace((Dimension("lr", LogUniform(1e-4, 1e-1)), PARENT, CHILD))


def test_a_conditional_hyperparameter_is_drawn_just_where_its_condition_holds() -> None:
    rng = np.random.default_rng(0)
    drawn = [SPACE.sample(rng) for _ in range(200)]
    assert {configuration["kind"] for configuration in drawn} == {"plain", "deep"}
    assert all(("depth" in configuration) == (configuration["kind"] == "deep") for configuration in drawn)
    assert all(map(SPACE.contains, drawn))


@pytest.mark.parametrize(
    "configuration",
    [
        {"lr": 0.01, "kind": "plain", "depth": 2.0},
        {"lr": 0.01, "kind": "deep"},
        {"lr": 0.01, "kind": "deep", "depth": 4.0},
        {"lr": 0.01, "kind": "plain", "more": 1},
        {"kind": "plain"},
    ],
    ids=["inactive child", "child missing", "child outside", "unknown name", "name missing"],
)
def test_a_space_contains_only_whole_configurations_of_its_own(configuration: dict[str, Value]) -> None:
    assert not SPACE.contains(configuration)


def test_a_space_tells_its_names_and_size_in_order() -> None:
    assert SPACE.names == ("lr", "kind", "depth")
    assert len(SPACE) == 3
    assert [dimension.name for dimension in SPACE] == ["lr", "kind", "depth"]


@pytest.mark.parametrize(
    ("dimensions", "text"),
    [
        ((CHILD, PARENT), "`when` of depth must name a hyperparameter listed above it, but got 'kind'"),
        ((Dimension("kind", Uniform(0, 1)), CHILD), "must name a value of the choice kind, but got 'deep'"),
        ((Dimension("kind", Choice(("plain",))), CHILD), "must name a value of the choice kind, but got 'deep'"),
        ((PARENT, PARENT), "every hyperparameter must be named once"),
    ],
    ids=["parent below", "parent no choice", "value unknown", "name twice"],
)
def test_a_condition_that_cannot_hold_is_refused(dimensions: tuple[Dimension, ...], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        SearchSpace(dimensions)
