"""What the HTTP side talks to: sweeps submitted, seen and steered."""

from dataclasses import dataclass
from typing import Any, Literal

from sweeps.errors import SweepError
from sweeps.execution.storage import SweepFiles
from sweeps.spec import SweepSpec

__all__ = ["Board", "KeyReused", "Refused", "SweepView", "UnknownSweep"]

Wish = Literal["run", "pause", "cancel"]


class UnknownSweep(SweepError):  # noqa: N818
    """No sweep has this ref."""


class Refused(SweepError):  # noqa: N818
    """A wish that makes no sense for how the sweep stands."""


class KeyReused(SweepError):  # noqa: N818
    """An idempotency key was used for another spec."""


@dataclass(frozen=True)
class SweepView:
    """A sweep as it stands."""

    ref: str
    project: str
    sweep_id: str
    name: str
    model: str
    dataset: str
    objective: str
    state: str
    wish: Wish
    priority: int
    why: str
    submitted_ms: int
    submitted_by: str
    evaluations: int
    planned: int
    attempts: int
    champion: dict[str, Any] | None


class Board:
    """Placeholder with the contract's names."""

    def submit(self, spec: SweepSpec, *, project: str, priority: int, by: str, key: str) -> tuple[SweepView, bool]:
        raise NotImplementedError

    def views(self) -> list[SweepView]:
        raise NotImplementedError

    def view(self, ref: str) -> SweepView:
        raise NotImplementedError

    def wish(self, ref: str, wish: Wish, by: str) -> SweepView:
        raise NotImplementedError

    def set_priority(self, ref: str, priority: int, by: str) -> SweepView:
        raise NotImplementedError

    def files(self, ref: str) -> SweepFiles:
        raise NotImplementedError

    def health(self) -> dict[str, str]:
        raise NotImplementedError
