"""The folds of several trials as box plots on one scale: where each line stands in a drawing, in its own units."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["HEIGHT", "WIDTH", "BoxPlot", "Scale", "draw_box", "scale_of"]

WIDTH, HEIGHT = 240, 20

MARGIN = 4

WIDE_RANGE = 20.0
"""Ratio of the largest to the smallest fold from which on the scale is logarithmic."""


@dataclass(frozen=True)
class BoxPlot:
    """One trial's folds: from the lowest to the highest, the box around the middle half, and each of them as a dot.

    All are places from the left, within `WIDTH`.
    """

    low: float
    lower: float
    median: float
    upper: float
    high: float
    dots: tuple[float, ...]


@dataclass(frozen=True)
class Scale:
    """From which score to which, and whether equal steps are equal ratios."""

    low: float
    high: float
    is_log: bool

    def place(self, value: float) -> float:
        """Return where a value stands, to a tenth."""
        low, high, at = map(math.log, (self.low, self.high, value)) if self.is_log else (self.low, self.high, value)
        share = (at - low) / (high - low) if high > low else 0.5
        return round(MARGIN + share * (WIDTH - 2 * MARGIN), 1)


def scale_of(trials: Sequence[Sequence[float]]) -> Scale | None:
    """Return one scale for the folds of several trials, logarithmic if they differ much; None without any fold."""
    every = [fold for folds in trials for fold in folds]
    if not every:
        return None
    low, high = min(every), max(every)
    return Scale(low, high, is_log=low > 0 and high / low > WIDE_RANGE)


def draw_box(folds: Sequence[float], scale: Scale) -> BoxPlot:
    """Draw a trial's folds, of which there is one at least."""
    lower, median, upper = statistics.quantiles(folds, n=4, method="inclusive") if len(folds) > 1 else [*folds] * 3
    low, lower, median, upper, high = map(scale.place, (min(folds), lower, median, upper, max(folds)))
    return BoxPlot(low, lower, median, upper, high, tuple(map(scale.place, folds)))
