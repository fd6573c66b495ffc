"""Runs sweeps as jobs of a Ray cluster, which start and end without the service and outlive it.

What runs follows from the shared home alone: a job holds the sweep's lock from the moment its log is there. Ray is
asked only about jobs that have not come so far, since it forgets all when its head is lost, while processes live on.
"""

import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from sweeps.execution.lease import is_held
from sweeps.execution.storage import SweepFiles
from sweeps.service import job
from sweeps.service.attempts import begin_attempt, last_words, latest_attempt, next_attempt
from sweeps.service.executor import PATIENCE_SECONDS
from sweeps.service.ray_jobs import RayError, RayJobs

__all__ = ["RayExecutor", "entrypoint"]

HOME = "sweeps.home"
"""In a job's metadata: sweeps of the same spec in two homes would have jobs of the same name."""


@dataclass
class RayExecutor:
    """Has a Ray run sweeps.

    Attributes:
        jobs: Ray's.
        tracking_uri: Where sweeps record; one with a password is kept from jobs, which all can read.
        workers: Evaluations at a time of each; None is as many as the cluster has room for.
        python: The Python that has Sweeps, on the machine of Ray's head.
        data: Folder of the datasets there, if it is set.
        clock: In seconds, ever growing.
    """

    jobs: RayJobs
    tracking_uri: str
    workers: int | None = None
    python: str = "python"
    data: Path | None = None
    clock: Callable[[], float] = time.monotonic
    _asked: dict[Path, float] = field(default_factory=dict)

    def start(self, ref: str, files: SweepFiles) -> bool:
        """Start a sweep and return True, or return False if it has a process already, or is about to have one.

        The attempt is written down when Ray has taken the job: one that it did not take is none. Should the service die
        between the two, the next one gives the job the same name, and Ray takes each name once.

        Raises:
            RayError: Ray does not answer, or refuses.
            StorageError: The attempt cannot be written down.
        """
        if self.is_running(files):
            return False
        known, number = len(files.evaluations()), next_attempt(files).number
        name = f"{ref}-a{number}"
        self.jobs.submit(name, entrypoint(self.python), self._environment(ref, files, number), _metadata(files))
        begin_attempt(files, now_ms=time.time_ns() // 1_000_000, known=known, job=name)
        return True

    def is_running(self, files: SweepFiles) -> bool:
        """Tell whether a process runs a sweep, started by whomever, or Ray has yet to begin it, as far as it tells."""
        # Asked first: a process that begins between the two questions holds the lock at the second.
        attempt = latest_attempt(files)
        has_begun = attempt is None or attempt.log.exists()
        if is_held(files.job) or is_held(files.lease):
            return True
        if attempt is None or has_begun or not attempt.job:
            return False
        try:
            known = self.jobs.find(attempt.job)
        except RayError:
            return True
        return known is not None and not known.has_ended

    def stop(self, files: SweepFiles) -> None:
        """Ask the job of a sweep to end, by a file, which reaches it without Ray too; after two minutes Ray ends it.

        Raises:
            RayError: Ray does not answer, or refuses.
            StorageError: It cannot be asked.
        """
        attempt = latest_attempt(files)
        if attempt is None:
            return
        attempt.ask_to_stop()
        if self.clock() - self._asked.setdefault(attempt.path, self.clock()) > PATIENCE_SECONDS:
            self.jobs.stop(attempt.job)

    def tail(self, files: SweepFiles, lines: int) -> str:
        """Return the last lines that the latest job of a sweep said, or what Ray says of one that did not begin."""
        attempt = latest_attempt(files)
        if attempt is None or not attempt.job or attempt.log.exists():
            return last_words(files, lines)
        try:
            return "\n".join(self.jobs.said(attempt.job).splitlines()[-lines:])
        except RayError as error:
            return str(error)

    def health(self) -> str:
        """Return "ok", or why Ray takes no jobs."""
        try:
            self.jobs.check()
        except RayError as error:
            return str(error)
        return "ok"

    def _environment(self, ref: str, files: SweepFiles, attempt: int) -> Mapping[str, str]:
        own = {
            job.HOME: str(files.root.parent.parent),
            job.SWEEP: files.sweep_id,
            job.EXPERIMENT: ref,
            job.ATTEMPT: str(attempt),
        }
        if urlsplit(self.tracking_uri).password is None:
            own[job.TRACKING_URI] = self.tracking_uri
        if self.workers is not None:
            own[job.WORKERS] = str(self.workers)
        if self.data is not None:
            own[job.DATA] = str(self.data)
        # Ray would put variables of its own in the place of `$HOME` in a folder's name.
        return {name: quote(value) for name, value in own.items()}


def entrypoint(python: str) -> str:
    """Return the shell line of every job: it is the same for all sweeps."""
    return shlex.join([python, "-m", job.__name__])


def _metadata(files: SweepFiles) -> dict[str, str]:
    return {HOME: str(files.root.parent.parent)}
