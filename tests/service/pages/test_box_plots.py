"""Box plots of folds: places on one scale, beside numpy's quartiles."""

import numpy as np
import pytest

from sweeps.service.pages.box_plots import WIDTH, draw_box, scale_of


def test_a_scale_reaches_from_the_lowest_to_the_highest_fold_of_all_trials() -> None:
    scale = scale_of([[2.0, 4.0], [], [3.0, 6.0]])
    assert scale is not None
    assert (scale.low, scale.high, scale.is_log) == (2.0, 6.0, False)
    assert draw_box([2.0, 4.0], scale).low == WIDTH - draw_box([3.0, 6.0], scale).high == 4
    assert draw_box([4.0], scale).median == WIDTH / 2


def test_folds_that_differ_much_are_drawn_by_their_logarithm() -> None:
    scale = scale_of([[0.1], [10.0]])
    assert scale is not None
    assert scale.is_log
    assert draw_box([1.0], scale).median == WIDTH / 2


@pytest.mark.parametrize("lowest", [0.0, -1.0])
def test_what_has_no_logarithm_is_drawn_as_it_is(lowest: float) -> None:
    scale = scale_of([[lowest], [1000.0]])
    assert scale is not None
    assert not scale.is_log


def test_a_box_holds_the_middle_half() -> None:
    folds = [float(fold) for fold in np.random.default_rng(0).normal(5, 1, 10)]
    scale = scale_of([[0.0, 10.0]])
    assert scale is not None
    box = draw_box(folds, scale)
    expected = [4 + 23.2 * value for value in np.quantile(folds, [0, 0.25, 0.5, 0.75, 1])]
    assert [box.low, box.lower, box.median, box.upper, box.high] == pytest.approx(expected, abs=0.05)
    assert len(box.dots) == 10


def test_equal_folds_stand_in_the_middle() -> None:
    scale = scale_of([[3.0, 3.0]])
    assert scale is not None
    assert draw_box([3.0, 3.0], scale).median == WIDTH / 2


def test_without_folds_there_is_no_scale() -> None:
    assert scale_of([[], []]) is None
