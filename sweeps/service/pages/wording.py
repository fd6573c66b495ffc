"""Numbers as pages say them: ages, durations, sizes and scores."""

import math
import time
from datetime import UTC, datetime

from search_spaces.domains import Value

__all__ = ["FILTERS", "ago", "duration", "moment", "score", "sentence", "setting", "size", "whole"]

UNITS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))


def ago(milliseconds: int) -> str:
    """Return how long ago a moment was, in one unit: `3 min ago`; the moment is in milliseconds since 1970."""
    seconds = time.time() - milliseconds / 1000
    if seconds < 5:
        return "just now"
    unit, name = next((unit, name) for unit, name in UNITS if seconds >= unit)
    return f"{seconds / unit:.0f} {name} ago"


def moment(milliseconds: int) -> str:
    """Return a moment in universal time, as `2026-11-26 12:05`; it is in milliseconds since 1970."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: `2 h 5 min`."""
    left = max(1, round(seconds))
    parts = []
    for unit, name in UNITS:
        count, left = divmod(left, int(unit))
        parts += [f"{count:,} {name}"] if count else []
    return " ".join(parts[:2])


def size(count: float) -> str:
    """Return a number of bytes in decimal units: `12 MB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def score(value: float | None, digits: int = 4) -> str:
    """Return a score with so many digits, or a dash for none."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"


def sentence(text: str) -> str:
    """Return a text that begins as sentences do."""
    return text[:1].upper() + text[1:]


def whole(count: int) -> str:
    """Return a whole number with its thousands apart."""
    return f"{count:,}"


def setting(value: Value) -> str:
    """Return a hyperparameter's value, numbers with four digits, switches as YAML writes them."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)


FILTERS = {
    "ago": ago,
    "duration": duration,
    "moment": moment,
    "score": score,
    "sentence": sentence,
    "setting": setting,
    "size": size,
    "whole": whole,
}
"""By their names in templates."""
