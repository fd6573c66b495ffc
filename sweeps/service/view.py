"""A sweep as it stands, told from what is wished and from its files; nothing of this is stored."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sweeps.errors import StorageError
from sweeps.execution.storage import SweepFiles
from sweeps.service.attempts import known_at_starts, last_words
from sweeps.service.refs import project_home
from sweeps.service.state import Facts, State, Wish, state_of
from sweeps.standing import read_spec

if TYPE_CHECKING:
    from pathlib import Path

    from sweeps.service.claims import Claim

__all__ = ["SweepView", "Viewer"]

DAMAGED = "unknown"
"""Stands for what the spec would say, if it could be read."""


@dataclass(frozen=True)
class SweepView:
    """A sweep as it stands.

    Attributes:
        ref: Its name here and in the record, see `sweeps.service.refs`.
        project: Where it belongs.
        sweep_id: Its id within the project.
        name: Its name in the spec.
        model: Its model.
        dataset: Its dataset.
        objective: What it minimises.
        state: What is the case.
        wish: What should become of it.
        priority: The higher, the sooner it starts.
        why: Why it failed, or empty.
        submitted_ms: When, in milliseconds since 1970.
        submitted_by: By whom.
        evaluations: Evaluations that have a result.
        planned: Evaluations in all.
        attempts: How often it was started.
        champion: Trial, hyperparameters, objective, mean, standard error and folds; None before the end.
    """

    ref: str
    project: str
    sweep_id: str
    name: str
    model: str
    dataset: str
    objective: str
    state: State
    wish: Wish
    priority: int
    why: str
    submitted_ms: int
    submitted_by: str
    evaluations: int
    planned: int
    attempts: int
    champion: dict[str, Any] | None


@dataclass(frozen=True)
class _Constants:
    """What a spec says once for all."""

    name: str
    model: str
    dataset: str
    objective: str
    planned: int


class Viewer:
    """Looks at sweeps; what never changes of one is read once."""

    def __init__(self, root: "Path", is_running: Callable[[SweepFiles], bool]) -> None:
        """Look into a home.

        Args:
            root: The home of the service.
            is_running: Tells whether a process runs the sweep whose files these are.
        """
        self._root = root
        self._is_running = is_running
        self._constants: dict[str, _Constants] = {}

    def files(self, claim: "Claim") -> SweepFiles:
        """Return a sweep's files."""
        return project_home(self._root, claim.project).sweep(claim.sweep_id)

    def look(self, claim: "Claim") -> SweepView:
        """Return how a sweep stands; one whose files are damaged has failed, and says why."""
        files = self.files(claim)
        try:
            return self._told(claim, files)
        except StorageError as error:
            nothing = _Constants(claim.sweep_id.rpartition("-")[0], DAMAGED, DAMAGED, DAMAGED, 0)
            state: State = "cancelled" if claim.wish == "cancel" else "failed"
            return _view(claim, self._constants.get(claim.ref, nothing), state, str(error))

    def _told(self, claim: "Claim", files: SweepFiles) -> SweepView:
        constants = self._constants.get(claim.ref) or _constants(files)
        self._constants[claim.ref] = constants
        # Running is asked first: whoever ends between the questions has written its results and conclusion by then.
        is_running = self._is_running(files)
        conclusion = files.read_json(files.conclusion) or {}
        evaluations, starts = len(files.evaluations()), known_at_starts(files)
        facts = Facts(
            wish=claim.wish,
            conclusion=conclusion.get("state"),
            is_running=is_running,
            evaluations=evaluations,
            known_at_starts=tuple(starts[claim.attempts_at_wish :]),
        )
        state = state_of(facts)
        why = conclusion.get("why", "")
        if state == "failed" and not facts.conclusion:
            why = _gave_up(facts, files)
        champion = conclusion.get("champion")
        return _view(claim, constants, state, why, evaluations, len(starts), champion)


def _view(  # noqa: PLR0913  # the fields that differ
    claim: "Claim",
    constants: _Constants,
    state: State,
    why: str,
    evaluations: int = 0,
    attempts: int = 0,
    champion: dict[str, Any] | None = None,
) -> SweepView:
    return SweepView(
        ref=claim.ref,
        project=claim.project,
        sweep_id=claim.sweep_id,
        name=constants.name,
        model=constants.model,
        dataset=constants.dataset,
        objective=constants.objective,
        state=state,
        wish=claim.wish,
        priority=claim.priority,
        why=why,
        submitted_ms=claim.submitted_ms,
        submitted_by=claim.submitted_by,
        evaluations=evaluations,
        planned=constants.planned,
        attempts=attempts,
        champion=champion,
    )


def _constants(files: SweepFiles) -> _Constants:
    spec = read_spec(files)
    planned = spec.ladder().evaluations
    return _Constants(spec.name, spec.model, spec.dataset.name, spec.objective, planned)


def _gave_up(facts: Facts, files: SweepFiles) -> str:
    said = last_words(files)
    ended = f"it ended {facts.fruitless} times without a new result"
    return f"{ended}, and its log with:\n{said}" if said else f"{ended}, and said nothing"
