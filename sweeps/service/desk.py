"""What every route works with, and the one way from a ref to a sweep: through the projects that a token sees."""

from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated

from fastapi import Depends, Path, Request

from sweeps.errors import SpecError
from sweeps.execution.storage import SweepFiles
from sweeps.plan import Plan, make_plan
from sweeps.service.board import Board, SweepView, UnknownSweep
from sweeps.service.problems import ForbiddenError
from sweeps.service.record_pages import RecordPages
from sweeps.service.refs import DEFAULT_PROJECT, project_home, split_ref
from sweeps.service.sketches import Sketches
from sweeps.service.timeline import Timelines
from sweeps.service.tokens import Token
from sweeps.settings import Settings, available_cpus
from sweeps.spec import SweepSpec

__all__ = ["Desk", "DeskOfApp", "Ref"]

Ref = Annotated[str, Path(description="As `ref` of a sweep.", examples=["digits-beta-vae-0a1b2c3d"], max_length=200)]


MOST_EARLIER = 3
"""Sweeps of its kind, the latest, that a plan rests on: reading them all would take as long as there are many."""


@dataclass(frozen=True)
class Desk:
    """A board with the rules of who sees what.

    Attributes:
        board: The sweeps.
        settings: Where the home is.
        workers: Evaluations at a time; None is one a processor.
        record: MLflow's pages; None if it has none.
        timelines: What happened in sweeps that are followed.
        sketches: The results of sweeps that are drawn.
    """

    board: Board
    settings: Settings
    workers: int | None = None
    record: RecordPages | None = None
    timelines: Timelines = field(default_factory=Timelines)
    sketches: Sketches = field(default_factory=Sketches)

    def view(self, ref: str, token: Token) -> SweepView:
        """Return a sweep.

        Raises:
            UnknownSweep: There is none, or none that the token sees.
        """
        _check_sight(ref, token)
        return self.board.view(ref)

    def files(self, ref: str, token: Token) -> SweepFiles:
        """Return a sweep's files.

        Raises:
            UnknownSweep: There is none, or none that the token sees.
        """
        _check_sight(ref, token)
        return self.board.files(ref)

    def views(self, token: Token) -> list[SweepView]:
        """Return the sweeps that a token sees, the latest first."""
        return [view for view in self.board.views() if token.sees(view.project)]

    def project(self, asked: str | None, token: Token) -> str:
        """Return the project to submit to: the one asked for, else the token's only one, else `default`.

        Raises:
            ForbiddenError: The token does not see it.
        """
        only = next(iter(token.projects)) if token.projects is not None and len(token.projects) == 1 else None
        project = asked or only or DEFAULT_PROJECT
        if not token.sees(project):
            allowed = ", ".join(sorted(token.projects or ()))
            raise ForbiddenError(
                f"the project must be one of the token's ({allowed}), but got {project}. Name one of them."
            )
        return project

    def plan(self, spec: SweepSpec, project: str) -> Plan:
        """Return what a sweep would do and cost.

        Raises:
            SpecError: It asks to tell hosts that are not allowed.
        """
        if faults := self.board.notify.faults(spec.notify):
            raise SpecError(faults)
        kind = (project, spec.model, spec.dataset.name)
        alike = (view for view in self.board.views() if kind == (view.project, view.model, view.dataset))
        home = project_home(self.settings.home, project)
        earlier = [home.sweep(view.sweep_id) for view in islice(filter(_has_results, alike), MOST_EARLIER)]
        return make_plan(spec, earlier, self.workers or max(1, available_cpus() // spec.resources.cpus))


def _check_sight(ref: str, token: Token) -> None:
    named = split_ref(ref)
    if named is None or not token.sees(named[0]):
        raise UnknownSweep(ref)


def _has_results(view: SweepView) -> bool:
    return view.evaluations > 0


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


DeskOfApp = Annotated[Desk, Depends(_desk)]
