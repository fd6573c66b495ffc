"""A sweep watched from elsewhere: looked at again and again until it rests, in a home or at a service."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from pydantic import ValidationError

from sweeps.client import Client
from sweeps.errors import ServiceError
from sweeps.execution.storage import SweepFiles
from sweeps.progress import Computed, Progress, take_stock
from sweeps.search.halving import Halving, Outcome
from sweeps.search.ladder import Ladder
from sweeps.service.state import is_settled
from sweeps.spec import SweepSpec
from sweeps.standing import read_spec, summarise

__all__ = ["HomeScene", "Scene", "ServiceScene", "Sight", "watch"]

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Sight:
    """How a sweep stands, as far as a watcher needs it.

    Attributes:
        state: As `list` shows it.
        evaluations: Evaluations that have a result.
        is_over: Whether nothing more happens unless someone wishes it.
    """

    state: str
    evaluations: int
    is_over: bool


class Scene(Protocol):
    """Where a watched sweep is."""

    def spec(self) -> SweepSpec:
        """Return its spec."""

    def look(self) -> Sight:
        """Return how it stands."""

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes there are, in any order."""


@dataclass(frozen=True)
class ServiceScene:
    """A sweep of a service."""

    client: Client
    ref: str

    def spec(self) -> SweepSpec:
        """Return its spec."""
        try:
            return SweepSpec.model_validate(self.client.sweep(self.ref).spec)
        except ValidationError as error:
            rule = f"the spec of {self.ref} must be of a form that this version knows, but is not"
            raise ServiceError(f"{rule}. Bring client and service to one version.") from error

    def look(self) -> Sight:
        """Return how it stands."""
        sweep = self.client.sweep(self.ref)
        return Sight(sweep.state, sweep.evaluations, is_settled(sweep.state))

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes there are, by trial and rung."""
        return [Outcome(told.trial, told.rung, tuple(told.folds)) for told in self.client.evaluations(self.ref)]


@dataclass(frozen=True)
class HomeScene:
    """A sweep of a home; each result is read once, for results never change."""

    files: SweepFiles
    _known: dict[tuple[int, int], Outcome] = field(default_factory=dict, repr=False)

    def spec(self) -> SweepSpec:
        """Return its spec."""
        return read_spec(self.files)

    def look(self) -> Sight:
        """Return how it stands."""
        summary = summarise(self.files)
        return Sight(summary.state, summary.evaluations, summary.state != "running")

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes there are, by trial and rung."""
        for key in self.files.evaluations():
            if key not in self._known and (result := self.files.read_result(*key)) is not None:
                self._known[key] = Outcome(result.trial, result.rung, tuple(result.folds))
        return list(self._known.values())


def watch(
    scene: Scene,
    name: str,
    show: Callable[[Progress], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Sight:
    """Show a sweep until it rests, and return how it stands then; the sweep does not notice.

    The time left follows from what has come since this began: of earlier results nobody knows how many worked on them.

    Args:
        scene: Where the sweep is.
        name: What to call it.
        show: Called with the progress after every look.
        clock: Tells seconds.
        sleep: Waits for seconds.

    Raises:
        SweepError: The sweep cannot be looked at any longer.
    """
    ladder, began = scene.spec().ladder(), clock()
    known: list[Outcome] = []
    before: int | None = None
    for sight in _looks(scene, sleep):
        if sight.evaluations != len(known):
            known = scene.outcomes()
        epochs = sum(_epochs(ladder, outcome) for outcome in known)
        before = epochs if before is None else before
        since = Computed(len(known), epochs=epochs - before, seconds=clock() - began)
        stock = take_stock(name, _halvings(ladder, known), running=set(), computed=since, workers=0)
        show(replace(stock, state=sight.state))
    return sight


def _looks(scene: Scene, sleep: Callable[[float], None]) -> Iterator[Sight]:
    while not (sight := scene.look()).is_over:
        yield sight
        sleep(POLL_SECONDS)
    yield sight


def _halvings(ladder: Ladder, outcomes: list[Outcome]) -> tuple[Halving, ...]:
    halvings = tuple(map(Halving, ladder))
    for outcome in outcomes:
        halvings[ladder.bracket_of(outcome.trial).number].tell(outcome)
    return halvings


def _epochs(ladder: Ladder, outcome: Outcome) -> int:
    return ladder.bracket_of(outcome.trial).epochs_to_train(outcome.rung)
