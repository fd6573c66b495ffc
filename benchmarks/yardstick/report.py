"""What a yardstick measured, held against its limits: as text for people, as JSON for scripts."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from benchmarks.machine import machine_line

__all__ = ["Figure", "Report", "as_json", "as_text"]


@dataclass(frozen=True)
class Figure:
    """One number.

    Attributes:
        name: What it is, with its unit.
        value: As measured.
        limit: What it has to reach; None if it is only told.
        wanted: Whether it has to be at most or at least the limit.
    """

    name: str
    value: float
    limit: float | None = None
    wanted: Literal["at most", "at least"] = "at most"

    @property
    def reached(self) -> bool | None:
        """Whether it keeps its limit; None without one. Not a number keeps none."""
        if self.limit is None:
            return None
        return self.value <= self.limit if self.wanted == "at most" else self.value >= self.limit

    def __str__(self) -> str:
        told = f"{self.name}: {self.value:.4g}"
        if self.limit is None:
            return told
        return f"{told}, {self.wanted} {self.limit:g}: {'reached' if self.reached else 'MISSED'}"


@dataclass(frozen=True)
class Report:
    """All that is needed to judge a yardstick and to measure it again.

    Attributes:
        figures: In the order in which they are told.
        settings: By name: dataset, hyperparameters, epochs, and whatever else decided the figures.
        seeds: Every seed that was used, also where only the best figure is held against a limit.
    """

    figures: tuple[Figure, ...]
    settings: dict[str, Any]
    seeds: tuple[int, ...]

    @property
    def missed(self) -> bool:
        """Whether a limit is missed."""
        return any(figure.reached is False for figure in self.figures)


def as_text(name: str, report: Report, seconds: float) -> str:
    """Return the report on a yardstick as lines."""
    lines = [name, *(f"  {figure}" for figure in report.figures)]
    lines += [f"  {key}: {value}" for key, value in report.settings.items()]
    seeds = ", ".join(map(str, report.seeds))
    return "\n".join([*lines, f"  seeds: {seeds}", f"  {seconds / 60:.1f} minutes in this run, on {_machine()}"])


def as_json(name: str, report: Report, seconds: float) -> str:
    """Return the report on a yardstick as one JSON object; `reached` is null where there is no limit."""
    figures = [{**asdict(figure), "reached": figure.reached} for figure in report.figures]
    told = {"yardstick": name, **asdict(report), "figures": figures, "seconds": seconds, "machine": _machine()}
    return json.dumps(told)


def _machine() -> str:
    return machine_line(("torch", "pytorch-lightning"))
