"""What `--vary` says: which code changes from column to column, and over which values. Knows no torch."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sweeps.errors import SweepError

if TYPE_CHECKING:
    from models.codes import CodeAxis

__all__ = ["Variation"]


@dataclass(frozen=True)
class Variation:
    """A code that changes along a row.

    Attributes:
        code: Its name.
        span: First and last value; None for all the usual ones of the code.
    """

    code: str
    span: tuple[float, float] | None = None

    @classmethod
    def parse(cls, text: str) -> "Variation":
        """Read `code=0..9`, `z3=-3..3`, or `z3` alone.

        Raises:
            SweepError: It is written in another way.
        """
        code, equals, span = text.partition("=")
        if code and not equals:
            return cls(code)
        try:
            low, high = map(float, span.split("..", 1))
        except ValueError:
            low = high = math.nan
        if not code or not math.isfinite(low + high):
            raise SweepError(f"--vary must read NAME=FIRST..LAST, but got {text!r}. Write it as code=0..9 or z3=-3..3.")
        return cls(code, (low, high))

    def values(self, axis: "CodeAxis", steps: int) -> list[float]:
        """Return the values from column to column: every whole number, or so many steps of one width.

        Raises:
            SweepError: The code has no such values.
        """
        first, last = self.span or (axis.low, axis.high)
        if not axis.whole:
            return [first + (last - first) * step / (steps - 1) for step in range(steps)]
        inside = axis.low <= min(first, last) and max(first, last) <= axis.high
        if not (inside and first == int(first) and last == int(last)):
            rule = f"{axis.name} must go through whole numbers from {axis.low:g} to {axis.high:g}"
            raise SweepError(f"{rule}, but got {first:g}..{last:g}. Write {axis.name}={axis.low:g}..{axis.high:g}.")
        direction = 1 if first <= last else -1
        return [float(value) for value in range(int(first), int(last) + direction, direction)]
