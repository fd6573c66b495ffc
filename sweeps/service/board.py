"""The sweeps of a service: submitted, seen and steered. What HTTP and the reconciler talk to; for many threads at once.

A wish is kept in the record and what was asked for in the sweep's folder; how a sweep stands is looked up. The views in
memory are a snapshot that `refresh` brings up to date.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sweeps.errors import StorageError, SweepError
from sweeps.execution.storage import SweepFiles, write_atomically, write_once
from sweeps.record.connection import RecordError
from sweeps.service.claims import Claim, Claims
from sweeps.service.executor import Executor
from sweeps.service.keys import Keys
from sweeps.service.notices import Notices
from sweeps.service.notify_settings import NotifySettings
from sweeps.service.refs import make_ref, project_home, split_ref
from sweeps.service.state import MOST_FRUITLESS, Wish, is_settled, refusal
from sweeps.service.view import SweepView, Viewer
from sweeps.spec import SweepSpec
from sweeps.web_address import WebAddress

__all__ = ["Board", "KeyReused", "Refused", "SweepView", "UnknownSweep"]


class UnknownSweep(SweepError):  # noqa: N818  # what it says of a ref
    """No sweep has this ref; the text is the same for every ref, so that it tells nothing of other projects."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"a sweep is named by its ref, but none is named {ref!r}. Look it up among all sweeps.")


class Refused(SweepError):  # noqa: N818  # as above
    """A wish that makes no sense for how the sweep stands."""


class KeyReused(SweepError):  # noqa: N818  # as above
    """An idempotency key was used for another spec."""


class Board:
    """The sweeps of all projects of a home.

    Attributes:
        changed: Set by every change; whoever waits for one clears it.
        trouble: What keeps the reconciler from its work, or empty.
        pages: Tells of MLflow's pages: "ok", or what is wrong.
        notify: Whom sweeps may tell how they stand, and whom all do.
    """

    def __init__(
        self,
        root: Path,
        claims: Claims,
        executor: Executor,
        *,
        attempts: int = MOST_FRUITLESS,
        notify: NotifySettings | None = None,
    ) -> None:
        """Keep what to work with; `refresh` reads which sweeps there are.

        Args:
            root: The home of the service.
            claims: What is wished.
            executor: Tells what runs.
            attempts: Without a new result, after which a sweep is given up.
            notify: Whom sweeps may tell how they stand; None is nobody.
        """
        self.changed = threading.Event()
        self.trouble = ""
        self.pages: Callable[[], str] = lambda: "ok"
        self.notify = notify or NotifySettings()
        self._executor = executor
        self._root = root
        self._claims = claims
        self._viewer = Viewer(root, executor, attempts)
        self._keys = Keys(root / "service" / "keys")
        # One change of the record at a time; reading what is remembered never waits for MLflow.
        self._recording, self._remembering = threading.RLock(), threading.Lock()
        self._is_read = False
        self._known: dict[str, tuple[Claim, SweepView]] = {}

    def submit(self, spec: SweepSpec, *, project: str, priority: int, by: str, key: str) -> tuple[SweepView, bool]:
        """Have a sweep run; the same spec in the same project is the same sweep, which stays as it is.

        Args:
            spec: What to search, checked.
            project: Where it belongs.
            priority: The higher, the sooner it starts.
            by: Who submits.
            key: Idempotency key of the submitter's own, or empty.

        Returns:
            The sweep, and whether it is new.

        Raises:
            SweepError: The project cannot be one.
            SpecError: It is to tell too many.
            KeyReused: The key was used for another spec.
            RecordError: MLflow cannot be written.
            StorageError: The home cannot be written.
        """
        ref, files = make_ref(project, spec.sweep_id), project_home(self._root, project).sweep(spec.sweep_id)
        if split_ref(ref) != (project, spec.sweep_id):
            rule = "a project is 1 to 30 of a-z, 0-9 and '-', and begins with a letter or digit"
            raise SweepError(f"{rule}, but got {project!r}. Write it as in team-a.")
        if key and (bound := self._keys.bind(key, by, ref)) != ref:
            raise KeyReused(f"an idempotency key is for one sweep, but this one was used for {bound}. Use a new one.")
        _write_spec(files, spec)
        Notices(files).subscribe([*map(WebAddress.parse, spec.notify), *self.notify.addresses])
        with self._recording:
            claim, created = self._claims.claim(project=project, sweep_id=spec.sweep_id, priority=priority, by=by)
            return self._change(claim), created

    def views(self) -> list[SweepView]:
        """Return every sweep as it stood lately, the latest submitted first.

        Raises:
            RecordError: MLflow has never been read yet, and cannot be.
        """
        if not self._is_read:
            self.refresh()
        return sorted(self.snapshot(), key=lambda view: (-view.submitted_ms, view.ref))

    def lately(self, ref: str) -> SweepView | None:
        """Return a sweep as it stood lately, without looking at its files; None if it is not known."""
        _, view = self._known.get(ref, (None, None))
        return view

    def view(self, ref: str) -> SweepView:
        """Return a sweep as it stands now.

        Raises:
            UnknownSweep: There is none.
        """
        return self._see(self._claim(ref))

    def wish(self, ref: str, wish: Wish, by: str) -> SweepView:
        """Say what should become of a sweep; the reconciler sees to it.

        Raises:
            UnknownSweep: There is none.
            Refused: It makes no sense for how the sweep stands.
            RecordError: MLflow cannot be written.
        """
        with self._recording:
            claim = self._claim(ref)
            view = self._see(claim)
            has_ended = self.files(ref).conclusion.exists()
            if why := refusal(wish, view.state, has_ended=has_ended):
                raise Refused(f"{why}, but {ref} is {view.state}. Look at it, or submit another.")
            if wish == claim.wish and view.state != "failed":
                return view
            self._claims.set_wish(ref, wish, by, attempts=view.attempts)
            return self._change(replace(claim, wish=wish, attempts_at_wish=view.attempts))

    def set_priority(self, ref: str, priority: int, by: str) -> SweepView:
        """Say how soon a sweep should start.

        Raises:
            UnknownSweep: There is none.
            RecordError: MLflow cannot be written.
        """
        with self._recording:
            claim = self._claim(ref)
            if priority == claim.priority:
                return self._see(claim)
            self._claims.set_priority(ref, priority, by)
            return self._change(replace(claim, priority=priority))

    def files(self, ref: str) -> SweepFiles:
        """Return a sweep's files.

        Raises:
            UnknownSweep: There is none.
        """
        return self._viewer.files(self._claim(ref))

    def health(self) -> dict[str, str]:
        """Ask `mlflow`, `storage` and `executor`; each answers "ok" or what is wrong."""
        return {
            "mlflow": self._mlflow(),
            "storage": self._storage(),
            "executor": self.trouble or self._executor.health(),
        }

    def refresh(self) -> None:
        """Read which sweeps there are and what is wished, and look at each.

        Raises:
            RecordError: MLflow cannot be read.
        """
        with self._recording:
            claims = self._claims.all()
            known = {claim.ref: (claim, self._finished(claim) or self._viewer.look(claim)) for claim in claims}
            with self._remembering:
                self._known, self._is_read = known, True

    def snapshot(self) -> list[SweepView]:
        """Return the sweeps that are known, in no order; none before MLflow was first read."""
        return [view for _, view in list(self._known.values())]

    def look_again(self) -> None:
        """Look at the sweeps that wait, run or are to be recorded; the others stay until someone wishes otherwise."""
        for claim, view in list(self._known.values()):
            if not is_settled(view.state) or view.is_behind:
                self._see(claim)

    def _claim(self, ref: str) -> Claim:
        """Return what is wished of a sweep, asking MLflow for one that is not known yet."""
        if ref in self._known:
            return self._known[ref][0]
        claim = self._claims.get(ref) if split_ref(ref) is not None else None
        if claim is None:
            raise UnknownSweep(ref)
        return claim

    def _finished(self, claim: Claim) -> SweepView | None:
        """Return what is known of a sweep that has finished, whose files will not change."""
        before, view = self._known.get(claim.ref, (None, None))
        is_done = view is not None and view.state == "finished" and not view.is_behind
        return view if before == claim and is_done else None

    def _see(self, claim: Claim) -> SweepView:
        """Look at a sweep and have the views show it so, unless something else is wished by now."""
        view = self._viewer.look(claim)
        with self._remembering:
            if self._known.get(claim.ref, (claim,))[0] == claim:
                self._known[claim.ref] = claim, view
        return view

    def _change(self, claim: Claim) -> SweepView:
        """Remember what is wished of a sweep now."""
        view = self._viewer.look(claim)
        with self._remembering:
            self._known[claim.ref] = claim, view
        self.changed.set()
        return view

    def _storage(self) -> str:
        try:
            write_atomically(self._root / "service" / "probe", b"")
        except StorageError as error:
            return str(error)
        return "ok"

    def _mlflow(self) -> str:
        try:
            self._claims.get("a name that no sweep has")
        except RecordError as error:
            return str(error)
        return self.pages()


def _write_spec(files: SweepFiles, spec: SweepSpec) -> None:
    """Write the spec where the sweep is, or make sure that it is the one that stands there.

    Whether TensorBoard's files are wanted is no part of a sweep, so it may be asked for later: their folder says so.
    """
    if not write_once(files.spec, spec.canonical().encode()) and files.read_json(files.spec) != spec.model_dump(
        mode="json"
    ):
        raise StorageError(f"{files.spec} must hold the spec of {files.sweep_id}, but holds another. Restore it.")
    if spec.tensorboard:
        try:
            files.tensorboard.mkdir(exist_ok=True)
        except OSError as error:
            raise StorageError(f"{files.tensorboard} must be a folder, but {error.strerror}. Mend it.") from error
