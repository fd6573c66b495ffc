"""`--vary`: how it reads, over which values it goes, and what it refuses."""

import pytest

from models.codes import CodeAxis
from sweeps.errors import SweepError
from sweeps.vary import Variation

CATEGORY = CodeAxis("code", 0, 9, whole=True)
CONTINUOUS = CodeAxis("z3", -3, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("code=0..9", Variation("code", (0, 9))),
        ("z3=-3..3", Variation("z3", (-3, 3))),
        ("c0=-0.5...5", Variation("c0", (-0.5, 0.5))),
        ("c0=1e-3..1e3", Variation("c0", (0.001, 1000))),
        ("z3", Variation("z3")),
    ],
)
def test_a_variation_is_a_name_and_a_span(text: str, expected: Variation) -> None:
    assert Variation.parse(text) == expected


@pytest.mark.parametrize(
    "text", ["", "=0..9", "code=", "code=3", "code=a..b", "code=0..nan", "code=-inf..inf", "z=1..2..3"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SweepError) as caught:
        Variation.parse(text)
    assert f"but got {text!r}. Write it as code=0..9 or z3=-3..3." in str(caught.value)


def test_whole_codes_go_through_every_whole_number_either_way() -> None:
    assert Variation("code", (2, 5)).values(CATEGORY, steps=10) == [2, 3, 4, 5]
    assert Variation("code", (1, 0)).values(CATEGORY, steps=10) == [1, 0]
    assert Variation("code").values(CATEGORY, steps=3) == list(range(10))


def test_other_codes_take_steps_of_one_width_also_beyond_their_usual_values() -> None:
    assert Variation("z3").values(CONTINUOUS, steps=4) == [-3, -1, 1, 3]
    assert Variation("z3", (10, 0)).values(CONTINUOUS, steps=3) == [10, 5, 0]


@pytest.mark.parametrize("span", [(0, 10), (-1, 3), (0.5, 2), (0, 2.5), (0, 1e300)])
def test_a_whole_code_has_no_other_values(span: tuple[float, float]) -> None:
    with pytest.raises(SweepError, match=r"code must go through whole numbers from 0 to 9, .* Write code=0\.\.9\."):
        Variation("code", span).values(CATEGORY, steps=10)
