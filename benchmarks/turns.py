"""Times of things that take turns: on a machine whose speed drifts only ratios within a round mean anything.

Times are the processor's, which others on the machine disturb less; of one thread they are those of the clock.
"""

import time
from collections.abc import Callable, Mapping
from statistics import quantiles
from typing import NamedTuple

__all__ = ["Ratio", "ratio", "take_turns"]


class Ratio(NamedTuple):
    """The median of the rounds' ratios, with their quartiles."""

    low: float
    median: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def take_turns(runners: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Run each once a round, in every other one in reverse; return the processor's seconds by name and round."""
    seconds: dict[str, list[float]] = {name: [] for name in runners}
    order = list(runners)
    for _ in range(rounds):
        for name in order:
            begun = time.process_time()
            runners[name]()
            seconds[name].append(time.process_time() - begun)
        order.reverse()
    return seconds


def ratio(theirs: list[float], ours: list[float]) -> Ratio:
    """Return how many times as long theirs took as ours, round by round; there are two rounds at least."""
    return Ratio(*quantiles([mine / own for mine, own in zip(theirs, ours, strict=True)], n=4, method="inclusive"))
