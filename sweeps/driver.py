"""Runs a sweep: replays what is known, has the rest computed, names the champion. Running it again continues it."""

import json
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.datasets import DatasetError, load_training
from sweeps.conclude import DataFacts, SweepState, champion_json, choose, first_cause, write_best, write_figures
from sweeps.drive import Drive
from sweeps.errors import StorageError, SweepError
from sweeps.execution.lease import hold_lease
from sweeps.execution.storage import Home, SweepFiles, write_atomically
from sweeps.execution.supplies import Supplies
from sweeps.plan import make_plan
from sweeps.progress import Progress
from sweeps.record.export import BestConfig
from sweeps.record.recorder import EndStatus, Recorder, SweepFacts
from sweeps.record.sweep_record import SweepRecord
from sweeps.search.cross_validation import assign_folds, folds_sha256
from sweeps.search.proposer import Proposer, RandomProposer, TPEProposer
from sweeps.search.search import Search
from sweeps.search.seeds import Purpose, derive_seed
from sweeps.settings import Settings
from sweeps.spec import SweepSpec

if TYPE_CHECKING:
    from sweeps.record.tensorboard import EventFiles

__all__ = ["SweepReport", "run_sweep", "tracking_uri"]

END_STATUS: dict[SweepState, EndStatus] = {"finished": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
"""How MLflow calls the end of a sweep."""


@dataclass(frozen=True)
class SweepReport:
    """How a run of a sweep ended.

    Attributes:
        sweep_id: The sweep.
        state: `finished`, `failed` (no trial has a score at the top rung) or `interrupted`.
        trials: Configurations that were drawn.
        evaluations: Evaluations that have a result.
        computed: Those of them that this run computed.
        restored: Those of them found from earlier runs.
        fold_epochs: Epochs of training that those results took, over all folds.
        seconds: How long this run took.
        best: The contents of best.yaml; None unless finished.
        files: Where everything is.
        why: Why it is not finished, or empty.
        trouble: Why the record is behind, or empty.
        figures: The pictures that were drawn.
    """

    sweep_id: str
    state: SweepState
    trials: int
    evaluations: int
    computed: int
    restored: int
    fold_epochs: int
    seconds: float
    best: BestConfig | None
    files: SweepFiles
    why: str = ""
    trouble: str = ""
    figures: tuple[Path, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return the report for scripts."""
        names = ("sweep_id", "state", "trials", "evaluations", "computed", "restored", "fold_epochs", "seconds")
        shown: dict[str, Any] = {name: getattr(self, name) for name in names}
        shown["champion"] = champion_json(self.best) if self.best else None
        shown |= {"why": self.why, "record_trouble": self.trouble, "folder": str(self.files.root)}
        return shown


def tracking_uri(settings: Settings) -> str:
    """Return where the record is: as set, or SQLite in the home."""
    return settings.tracking_uri or f"sqlite:///{Home(settings.home).record}"


def run_sweep(spec: SweepSpec, settings: Settings, *, workers: int, watch: Callable[[Progress], None]) -> SweepReport:
    """Run a sweep from wherever it stands to its end; Ctrl-C ends it early and loses nothing.

    Args:
        spec: What to search.
        settings: Where home, data and record are.
        workers: Evaluations at a time.
        watch: Called with the progress whenever it changes, on the thread that runs the sweep.

    Raises:
        LeaseError: Another driver runs this sweep.
        StorageError: A file of the sweep is damaged, or the home cannot be written.
        SweepError: The dataset cannot be read.
    """
    begun = time.monotonic()
    files = Home(settings.home).sweep(spec.sweep_id)
    with hold_lease(files.lease):
        _claim(files, spec)
        record = _open_record(spec, files, settings, workers)
        try:
            return _Run(spec, settings, files, record, workers, begun).to_its_end(watch)
        finally:
            record.close()


@dataclass(frozen=True)
class _Run:
    spec: SweepSpec
    settings: Settings
    files: SweepFiles
    record: SweepRecord
    workers: int
    begun: float

    def to_its_end(self, watch: Callable[[Progress], None]) -> SweepReport:
        search = Search(self.spec.ladder(), _proposer(self.spec), self.spec.hyperband.lag)
        drive = Drive(self.spec, self.files, search, self.record, self.workers, watch)
        drive.replay()
        restored = len(search.outcomes)
        why = ""
        with ThreadPoolExecutor(2) as beside:
            supplies = beside.submit(self._supplies)
            try:
                if not search.finished:
                    self._compute(drive, supplies, beside)
            except KeyboardInterrupt:
                why = "it was stopped by Ctrl-C or a signal"
                drive.replay()  # workers may have finished something while Ray ended
        if not search.finished:
            drive.close_undecided()
            return self._report("interrupted", search, restored, why=drive.trouble or why)
        return self._conclude(search, restored, supplies.result())

    def _supplies(self) -> Supplies:
        chosen = self.spec.dataset
        try:
            dataset = load_training(chosen.name, limit=chosen.limit, folder=self.settings.data)
        except DatasetError as error:
            raise SweepError(str(error)) from error
        folds = assign_folds(dataset.labels, self.spec.folds, derive_seed(self.spec.seed, Purpose.SPLIT))
        return Supplies(self.spec, self.files, Home(self.settings.home).features, dataset, folds)

    def _compute(self, drive: Drive, supplies: Future[Supplies], beside: Executor) -> None:
        """Have everything evaluated; data are read while Ray starts, and figures are drawn while it ends."""
        from sweeps.execution.local_ray import local_ray

        resources = self.spec.resources
        with local_ray(workers=self.workers, cpus=resources.cpus, gpus=resources.gpus):
            from sweeps.execution.tune_adapter import run_with_tune  # reads the environment that local_ray sets

            run_with_tune(supplies.result(), drive, workers=self.workers)
            if drive.search.finished:
                beside.submit(self._draw, drive.search)

    def _draw(self, search: Search) -> None:
        verdict = choose(self.spec, search)
        if verdict is not None:
            write_figures(self.spec, self.files, verdict)

    def _conclude(self, search: Search, restored: int, supplies: Supplies) -> SweepReport:
        verdict = choose(self.spec, search)
        if verdict is None:
            return self._report("failed", search, restored, why=first_cause(list(self.files.results())))
        if not self.files.figures.is_dir():
            write_figures(self.spec, self.files, verdict)
        self.record.drain(self.settings.record_patience_seconds)
        data = DataFacts(supplies.dataset.sha256, folds_sha256(supplies.folds))
        uri, run_id = tracking_uri(self.settings), self.record.run_id(verdict.champion.trial)
        best = write_best(self.spec, self.files, verdict, data, tracking_uri=uri, run_id=run_id)
        return self._report("finished", search, restored, best=best)

    def _report(
        self,
        state: SweepState,
        search: Search,
        restored: int,
        *,
        why: str = "",
        best: BestConfig | None = None,
    ) -> SweepReport:
        metrics = {f"best/{best.objective}": best.champion.mean} if best else {}
        figures = sorted(self.files.figures.glob("*.png")) if best else []
        artifacts = [self.files.best, *figures] if best else []
        self.record.finish(status=END_STATUS[state], metrics=metrics, artifacts=artifacts)
        recorded = self.record.drain(self.settings.record_patience_seconds)
        results = list(self.files.results())
        report = SweepReport(
            sweep_id=self.files.sweep_id,
            state=state,
            trials=len({result.trial for result in results}),
            evaluations=len(results),
            computed=len(results) - restored,
            restored=restored,
            fold_epochs=sum(self.spec.folds * (r.epochs - r.first_epoch + 1) for r in results if r.curves),
            seconds=time.monotonic() - self.begun,
            best=best,
            files=self.files,
            why=why,
            trouble="" if recorded else self.record.trouble,
            figures=tuple(figures),
        )
        if state != "interrupted":
            told = {"state": state, "why": why, "champion": champion_json(best) if best else None}
            write_atomically(self.files.conclusion, json.dumps(told, allow_nan=False).encode())
        return report


def _claim(files: SweepFiles, spec: SweepSpec) -> None:
    """Write the spec where the sweep is, or make sure that it is the one that stands there."""
    known = files.read_json(files.spec)
    if known is None:
        write_atomically(files.spec, spec.canonical().encode())
    elif known != spec.model_dump(mode="json"):
        raise StorageError(f"{files.spec} must hold the spec of {files.sweep_id}, but holds another. Restore it.")


def _open_record(spec: SweepSpec, files: SweepFiles, settings: Settings, workers: int) -> SweepRecord:
    home = Home(settings.home)
    facts = SweepFacts(
        sweep_id=files.sweep_id,
        name=spec.name,
        spec=spec.model_dump(mode="json"),
        plan=make_plan(spec, home, workers).as_json(),
        objective=spec.objective,
        searched=spec.search_space().names,
        weights=tuple(spec.searched_weights()),
        log_scaled=tuple(sorted(spec.log_scaled())),
    )
    artifacts = None if settings.tracking_uri else home.artifacts
    return SweepRecord(Recorder(tracking_uri(settings), artifacts, facts), files, _event_files(spec, files))


def _event_files(spec: SweepSpec, files: SweepFiles) -> "EventFiles | None":
    if not spec.tensorboard:
        return None
    from sweeps.record.tensorboard import EventFiles  # half a second of imports

    return EventFiles(files, spec.objective)


def _proposer(spec: SweepSpec) -> Proposer:
    space = spec.search_space()
    return TPEProposer(space, spec.seed) if spec.searcher == "tpe" else RandomProposer(space, spec.seed)
