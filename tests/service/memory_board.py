"""A board that keeps sweeps in memory and runs none: it follows the contract of the real one, for tests of HTTP."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeps.execution.storage import SweepFiles, write_atomically
from sweeps.service.board import Board, KeyReused, Refused, SweepView, UnknownSweep
from sweeps.service.notices import Notices
from sweeps.service.notify_settings import NotifySettings
from sweeps.service.refs import make_ref, project_home, split_ref
from sweeps.spec import SweepSpec
from sweeps.web_address import WebAddress

STATES = {"run": "queued", "pause": "paused", "cancel": "cancelled"}


class MemoryBoard(Board):
    """Sweeps wait in it until a test says how they stand."""

    def __init__(self, root: Path, notify: NotifySettings | None = None) -> None:
        self.root = root
        self.notify = notify or NotifySettings()
        self.known: dict[str, SweepView] = {}
        self.keys: dict[str, str] = {}
        self.checks = {"mlflow": "ok", "storage": "ok", "executor": "ok"}

    def submit(self, spec: SweepSpec, *, project: str, priority: int, by: str, key: str) -> tuple[SweepView, bool]:
        ref = make_ref(project, spec.sweep_id)
        if key and self.keys.setdefault(key, ref) != ref:
            raise KeyReused(f"a key is for one spec, but this one was used for {self.keys[key]}. Use another.")
        Notices(project_home(self.root, project).sweep(spec.sweep_id)).subscribe(map(WebAddress.parse, spec.notify))
        if ref in self.known:
            return self.known[ref], False
        view = SweepView(
            ref=ref,
            project=project,
            sweep_id=spec.sweep_id,
            name=spec.name,
            model=spec.model,
            dataset=spec.dataset.name,
            objective=spec.objective,
            state="queued",
            wish="run",
            priority=priority,
            why="",
            submitted_ms=1_700_000_000_000 + len(self.known),
            submitted_by=by,
            experiment_id=str(len(self.known) + 1),
            evaluations=0,
            planned=spec.ladder().evaluations,
            attempts=0,
            champion=None,
        )
        self.known[ref] = view
        files = self.files(ref)
        write_atomically(files.spec, spec.canonical().encode())
        return view, True

    def views(self) -> list[SweepView]:
        return list(reversed(self.known.values()))

    def snapshot(self) -> list[SweepView]:
        return list(self.known.values())

    def lately(self, ref: str) -> SweepView | None:
        return self.known.get(ref)

    def view(self, ref: str) -> SweepView:
        if ref not in self.known:
            raise UnknownSweep(ref)
        return self.known[ref]

    def wish(self, ref: str, wish: Any, by: str) -> SweepView:
        view = self.view(ref)
        if view.state == "finished":
            raise Refused(f"a sweep that is to {wish} must not have finished, but {ref} has. Submit another.")
        return self.stand(ref, wish=wish, state=STATES[wish])

    def set_priority(self, ref: str, priority: int, by: str) -> SweepView:
        self.view(ref)
        return self.stand(ref, priority=priority)

    def files(self, ref: str) -> SweepFiles:
        self.view(ref)
        named = split_ref(ref)
        assert named is not None
        return project_home(self.root, named[0]).sweep(named[1])

    def health(self) -> dict[str, str]:
        return self.checks

    def stand(self, ref: str, **changes: Any) -> SweepView:
        """Have a sweep stand otherwise."""
        self.known[ref] = replace(self.known[ref], **changes)
        return self.known[ref]
