"""A sweep as it stands, told from what is wished and from its files; nothing of this is stored."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sweeps.errors import StorageError
from sweeps.execution.storage import SweepFiles
from sweeps.service.attempts import LINES, known_at_starts
from sweeps.service.claims import Claim
from sweeps.service.executor import Executor
from sweeps.service.refs import project_home
from sweeps.service.state import Facts, State, Wish, state_of
from sweeps.standing import read_spec

__all__ = ["SweepView", "Viewer"]

UNREAD = "unknown"
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
        experiment_id: Its experiment in MLflow.
        evaluations: Evaluations that have a result.
        planned: Evaluations in all.
        attempts: How often it was started.
        champion: Trial, hyperparameters, objective, mean, standard error and folds; None before the end.
        is_behind: Whether the record lacks something of a sweep that has ended, which running it again mends.
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
    experiment_id: str
    evaluations: int
    planned: int
    attempts: int
    champion: dict[str, Any] | None
    is_behind: bool = False


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

    def __init__(self, root: Path, executor: Executor, attempts: int) -> None:
        """Look into a home.

        Args:
            root: The home of the service.
            executor: Tells what runs, and what it said.
            attempts: Without a new result, after which a sweep is given up.
        """
        self._root = root
        self._executor = executor
        self._attempts = attempts
        self._constants: dict[str, _Constants] = {}

    def files(self, claim: Claim) -> SweepFiles:
        """Return a sweep's files."""
        return project_home(self._root, claim.project).sweep(claim.sweep_id)

    def look(self, claim: Claim) -> SweepView:
        """Return how a sweep stands; one whose files are damaged has failed, and says why."""
        files = self.files(claim)
        try:
            if claim.ref not in self._constants:
                self._constants[claim.ref] = _constants(files)
            return self._told(_begun(claim, self._constants[claim.ref]), claim, files)
        except StorageError as error:
            name = claim.sweep_id.rpartition("-")[0]
            known = self._constants.get(claim.ref, _Constants(name, UNREAD, UNREAD, UNREAD, 0))
            state: State = "cancelled" if claim.wish == "cancel" else "failed"
            return replace(_begun(claim, known), state=state, why=str(error))

    def _told(self, view: SweepView, claim: Claim, files: SweepFiles) -> SweepView:
        # Running is asked first: whoever ends between the questions has written its results and conclusion by then.
        runs = self._executor.is_running(files)
        conclusion = files.read_json(files.conclusion) or {}
        evaluations, starts = len(files.evaluations()), known_at_starts(files)
        is_behind = bool(conclusion.get("record_trouble")) and claim.wish == "run"
        facts = Facts(
            wish=claim.wish,
            conclusion=None if is_behind and runs else conclusion.get("state"),
            is_running=runs,
            evaluations=evaluations,
            known_at_starts=tuple(starts[claim.attempts_at_wish :]),
        )
        state, why = state_of(facts, self._attempts), conclusion.get("why", "")
        return replace(
            view,
            state=state,
            why=self._gave_up(facts, files) if state == "failed" and not facts.conclusion else why,
            evaluations=evaluations,
            attempts=len(starts),
            champion=conclusion.get("champion"),
            is_behind=is_behind and facts.fruitless < self._attempts,
        )

    def _gave_up(self, facts: Facts, files: SweepFiles) -> str:
        said = self._executor.tail(files, LINES)
        times = "once" if facts.fruitless == 1 else f"{facts.fruitless} times"
        ended = f"it ended {times} without a new result"
        return f"{ended}, and its log with:\n{said}" if said else f"{ended}, and said nothing"


def _begun(claim: Claim, constants: _Constants) -> SweepView:
    """Return a sweep of which nothing is known yet but what was submitted."""
    return SweepView(
        ref=claim.ref,
        project=claim.project,
        sweep_id=claim.sweep_id,
        name=constants.name,
        model=constants.model,
        dataset=constants.dataset,
        objective=constants.objective,
        state="queued",
        wish=claim.wish,
        priority=claim.priority,
        why="",
        submitted_ms=claim.submitted_ms,
        submitted_by=claim.submitted_by,
        experiment_id=claim.experiment_id,
        evaluations=0,
        planned=constants.planned,
        attempts=0,
        champion=None,
    )


def _constants(files: SweepFiles) -> _Constants:
    spec = read_spec(files)
    planned = spec.ladder().evaluations
    return _Constants(spec.name, spec.model, spec.dataset.name, spec.objective, planned)
