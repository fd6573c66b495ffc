"""Runs a sweep: replays what is known, has the rest computed, names the champion. Running it again continues it."""

import gc
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module
from typing import IO

from models.dataset_facts import DatasetError
from models.datasets import load_training
from sweeps.conclude import DataFacts, SweepState, choose, first_cause, write_best, write_figures
from sweeps.drive import Drive
from sweeps.errors import StorageError, SweepError
from sweeps.execution.joined_ray import joined_ray, room_for
from sweeps.execution.lease import hold_lease
from sweeps.execution.local_ray import local_ray, ray_ahead, wait_for_workers
from sweeps.execution.storage import Home, SweepFiles, write_atomically
from sweeps.execution.supplies import Supplies
from sweeps.interruption import interruption_remembered
from sweeps.plan import make_plan
from sweeps.progress import Progress
from sweeps.record.connection import artifact_root
from sweeps.record.export import BestConfig
from sweeps.record.recorder import EndStatus, SweepFacts
from sweeps.record.recorder_main import RecorderSetup
from sweeps.record.recorder_process import RecorderProcess
from sweeps.search.cross_validation import assign_folds, folds_sha256
from sweeps.search.proposer import Proposer, RandomProposer, TPEProposer
from sweeps.search.search import Search
from sweeps.search.seeds import Purpose, derive_seed
from sweeps.settings import Settings
from sweeps.spec import SweepSpec
from sweeps.sweep_report import SweepReport, read_finished, write_conclusion

__all__ = ["SweepReport", "room_for", "run_sweep", "tracking_uri"]

END_STATUS: dict[SweepState, EndStatus] = {"finished": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
"""How MLflow calls the end of a sweep."""

FIGURES = "sweeps.record.figures"
"""What draws the figures; a second to import, while a worker has nothing to do at the end."""

COLLECT_AFTER = 100_000
"""New objects after which the garbage collector looks for some to remove; Python's own number is 700."""


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
    with hold_lease(files.lease) as lease, _rarely_collecting():
        _claim(files, spec)
        experiment = settings.experiment or files.sweep_id
        told = read_finished(files, spec.folds, tracking_uri(settings), experiment, begun=begun)
        if told is not None:
            return told
        record = _open_record(spec, files, settings, workers, lease)
        try:
            with _ahead(spec, settings, files):
                return _Run(spec, settings, files, record, workers, begun).to_its_end(watch)
        finally:
            record.close()


@dataclass(frozen=True)
class _Ending:
    """How a sweep has ended, before that is recorded."""

    state: SweepState
    why: str = ""
    best: BestConfig | None = None


@dataclass(frozen=True)
class _Run:
    spec: SweepSpec
    settings: Settings
    files: SweepFiles
    record: RecorderProcess
    workers: int
    begun: float

    def to_its_end(self, watch: Callable[[Progress], None]) -> SweepReport:
        search = Search(self.spec.ladder(), _proposer(self.spec), self.spec.hyperband.lag)
        ending: Future[_Ending] | None = None
        with interruption_remembered() as interruption, ThreadPoolExecutor(2) as beside:
            drive = Drive(self.spec, self.files, search, self.record, self.workers, watch, interruption)
            drive.replay()
            restored = len(search.outcomes)
            supplies = beside.submit(self._supplies)
            try:
                if not search.finished and not interruption.asked:
                    ending = self._compute(drive, supplies, beside)
            except KeyboardInterrupt:
                interruption.asked = True
                drive.replay()  # workers may have finished something while Ray ended
        if not search.finished:
            drive.close_undecided()
            why = "it was stopped by Ctrl-C or a signal" if interruption.asked else ""
            return self._report(_Ending("interrupted", drive.trouble or why), restored)
        return self._report(ending.result() if ending else self._conclude(search, supplies.result()), restored)

    def _supplies(self) -> Supplies:
        chosen = self.spec.dataset
        try:
            dataset = load_training(chosen.name, limit=chosen.limit, folder=self.settings.data)
        except DatasetError as error:
            raise SweepError(str(error)) from error
        folds = assign_folds(dataset.labels, self.spec.folds, derive_seed(self.spec.seed, Purpose.SPLIT))
        return Supplies(self.spec, self.files, Home(self.settings.home).features, dataset, folds)

    def _compute(self, drive: Drive, supplies: Future[Supplies], beside: Executor) -> Future[_Ending] | None:
        """Have everything evaluated; data are read while Ray starts, and the sweep is concluded while it ends."""
        with self._ray():
            from sweeps.execution.tune_adapter import run_with_tune  # reads the environment that local_ray sets

            beside.submit(import_module, "hyperopt")  # a worker would wait for it
            drive.on_last = lambda: beside.submit(import_module, FIGURES)
            if drive.interruption.asked:
                return None
            if self.settings.ray_address is None:
                wait_for_workers(self.workers)
            gc.freeze()  # what is imported is for good: the garbage collector need not look at it again
            run_with_tune(supplies.result(), drive, workers=self.workers)
            # Tune leaves references into Ray in cycles. If they were found while Ray ends, it would end this process.
            gc.collect()
            if not drive.search.finished:
                return None
            return beside.submit(self._conclude, drive.search, supplies.result())

    def _ray(self) -> AbstractContextManager[None]:
        resources, address = self.spec.resources, self.settings.ray_address
        if address is not None:
            return joined_ray(address, workers=self.workers, cpus=resources.cpus)
        return local_ray(workers=self.workers, cpus=resources.cpus, gpus=resources.gpus)

    def _conclude(self, search: Search, supplies: Supplies) -> _Ending:
        verdict = choose(self.spec, search)
        if verdict is None:
            return _Ending("failed", why=first_cause(list(self.files.results())))
        write_figures(self.spec, self.files, verdict)
        self.record.drain(self.settings.record_patience_seconds)
        data = DataFacts(supplies.dataset.sha256, folds_sha256(supplies.folds))
        uri, run_id = tracking_uri(self.settings), self.record.run_id(verdict.champion.trial)
        best = write_best(self.spec, self.files, verdict, data, tracking_uri=uri, run_id=run_id)
        return _Ending("finished", best=best)

    def _report(self, ending: _Ending, restored: int) -> SweepReport:
        """Record the end, and leave the conclusion last: whatever it says has been done."""
        results, best = list(self.files.results()), ending.best
        metrics = {f"best/{best.objective}": best.champion.mean} if best else {}
        artifacts = [self.files.best, *sorted(self.files.figures.glob("*.png"))] if best else []
        self.record.finish(status=END_STATUS[ending.state], metrics=metrics, artifacts=artifacts)
        recorded = self.record.drain(self.settings.record_patience_seconds)
        report = SweepReport(
            files=self.files,
            state=ending.state,
            results=results,
            restored=restored,
            folds=self.spec.folds,
            seconds=time.monotonic() - self.begun,
            best=best,
            why=ending.why,
            trouble="" if recorded else self.record.trouble,
        )
        if ending.state != "interrupted":
            write_conclusion(report)
        return report


def _ahead(spec: SweepSpec, settings: Settings, files: SweepFiles) -> AbstractContextManager[None]:
    """Import Ray ahead of what threads import, since they hinder each other and workers start with Ray."""
    if settings.ray_address is not None or files.conclusion.exists():
        return nullcontext()
    return ray_ahead(cpus=spec.resources.cpus, log=files.workers_log)


@contextmanager
def _rarely_collecting() -> Iterator[None]:
    """Keep the garbage collector from going through a million imported objects again and again.

    Side effect: what is there at the end is never collected; taking it apart when the process ends takes over a second.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.freeze()


def _claim(files: SweepFiles, spec: SweepSpec) -> None:
    """Write the spec where the sweep is, or make sure that it is the one that stands there."""
    known = files.read_json(files.spec)
    if known is None:
        write_atomically(files.spec, spec.canonical().encode())
    elif known != spec.model_dump(mode="json"):
        raise StorageError(f"{files.spec} must hold the spec of {files.sweep_id}, but holds another. Restore it.")


def _open_record(
    spec: SweepSpec, files: SweepFiles, settings: Settings, workers: int, lease: IO[str]
) -> RecorderProcess:
    home = Home(settings.home)
    facts = SweepFacts(
        experiment=settings.experiment or files.sweep_id,
        name=spec.name,
        spec=spec.model_dump(mode="json"),
        plan=make_plan(spec, home.sweeps(), workers).as_json(),
        objective=spec.objective,
        searched=spec.search_space().names,
        weights=tuple(spec.searched_weights()),
        log_scaled=tuple(sorted(spec.log_scaled())),
    )
    setup = RecorderSetup(
        home=settings.home.absolute(),
        sweep_id=files.sweep_id,
        tracking_uri=tracking_uri(settings),
        artifacts=artifact_root(settings.tracking_uri, home),
        facts=facts,
        tensorboard=spec.tensorboard,
    )
    return RecorderProcess(setup, files.record_log, lease)


def _proposer(spec: SweepSpec) -> Proposer:
    space = spec.search_space()
    return TPEProposer(space, spec.seed) if spec.searcher == "tpe" else RandomProposer(space, spec.seed)
