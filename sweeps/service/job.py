"""The process that runs one sweep for the service: a constant command line, and everything else by environment.

`$SWEEPS_SWEEP` names the sweep whose spec lies in `$SWEEPS_HOME`, and `$SWEEPS_ATTEMPT` which of its starts this is.
`$SWEEPS_JOB_LOCK` is the lock that a process on the service's machine has inherited, by number, together with its log.
A job of Ray's takes the lock and opens the log itself, and has its evaluations spread over the cluster that runs it.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import unquote

from rich.console import Console

from sweeps.errors import LeaseError, SweepError
from sweeps.execution.lease import take_lock
from sweeps.execution.storage import Home, SweepFiles
from sweeps.live_view import follow
from sweeps.service.attempts import Attempt
from sweeps.service.fence import fenced
from sweeps.settings import Settings, available_cpus
from sweeps.standing import read_spec

__all__ = ["ATTEMPT", "DATA", "EXPERIMENT", "HOME", "LOCK", "SWEEP", "TRACKING_URI", "WORKERS", "main"]

HOME, DATA, TRACKING_URI, EXPERIMENT = "SWEEPS_HOME", "SWEEPS_DATA", "SWEEPS_TRACKING_URI", "SWEEPS_EXPERIMENT"
SWEEP, ATTEMPT, WORKERS, LOCK = "SWEEPS_SWEEP", "SWEEPS_ATTEMPT", "SWEEPS_WORKERS", "SWEEPS_JOB_LOCK"

QUOTED = (HOME, DATA, TRACKING_URI, EXPERIMENT, SWEEP, ATTEMPT, WORKERS)
"""As `urllib.parse.quote` writes them, for a job of Ray's."""

RAY_ADDRESS = "RAY_ADDRESS"
"""Where a job of Ray's finds the cluster that runs it; set by Ray."""


def main() -> int:
    """Run the sweep that the environment names; its state follows from its files, whatever this returns."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # even where the service was told to ignore it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # Ray blocks it in all that it starts
    console = Console(file=sys.stdout, width=200)
    if LOCK not in os.environ:
        os.environ.update({name: unquote(os.environ[name]) for name in QUOTED if name in os.environ})
    try:
        settings = Settings.read()
        attempt = Attempt(Home(settings.home).sweep(os.environ[SWEEP]), int(os.environ[ATTEMPT]))
        with _right_to_run(attempt), fenced(attempt):
            console.print(_run(attempt.files, settings, console), markup=False, highlight=False, soft_wrap=True)
    except SweepError as error:
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        console.print("it was stopped before it began")
        return 130
    return 0


@contextmanager
def _right_to_run(attempt: Attempt) -> Iterator[None]:
    """Hold the sweep's lock and say everything in the attempt's log.

    Raises:
        LeaseError: Another process holds the lock, or this attempt may not run any more.
    """
    if LOCK in os.environ:
        os.set_inheritable(int(os.environ[LOCK]), False)  # the lock must not outlive this process in one that it starts
        yield
        return
    lock = take_lock(attempt.files.job)
    if lock is None:
        raise LeaseError(f"one process runs a sweep at a time, but another does when attempt {attempt.number} comes.")
    with lock:
        if not attempt.may_run:
            rule = "a sweep is run by its latest attempt, unless that was asked to stop"
            raise LeaseError(f"{rule}, but attempt {attempt.number} is not the latest, or was. Nothing is lost.")
        with attempt.log.open("ab") as log:
            for descriptor in (sys.stdout.fileno(), sys.stderr.fileno()):
                os.dup2(log.fileno(), descriptor)
            yield


def _run(files: SweepFiles, settings: Settings, console: Console) -> str:
    # The board makes the folder for whoever asks for TensorBoard's files.
    spec = read_spec(files).model_copy(update={"tensorboard": files.tensorboard.is_dir()})
    from sweeps.driver import room_for, run_sweep  # seconds of imports; the service itself knows this module too

    cpus, gpus = spec.resources.cpus, spec.resources.gpus
    if LOCK not in os.environ:
        settings = replace(settings, ray_address=os.environ[RAY_ADDRESS])
    if given := os.environ.get(WORKERS):
        workers = int(given)
    elif settings.ray_address is not None:
        workers = room_for(settings.ray_address, cpus=cpus, gpus=gpus)
    else:
        workers = max(1, available_cpus() // cpus)
    with follow(console, spec.objective) as watch:
        report = run_sweep(spec, settings, workers=workers, watch=watch)
    return f"{report.state} {report.why} {report.trouble}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
