"""The process that runs one sweep for the service: a constant command line, and everything else by environment.

`$SWEEPS_SWEEP` names the sweep whose spec lies in `$SWEEPS_HOME`; `$SWEEPS_JOB_LOCK` is the lock that this process has
inherited, by number, and holds until it ends.
"""

import os
import signal
import sys

from rich.console import Console

from sweeps.errors import SweepError
from sweeps.execution.storage import Home
from sweeps.live_view import follow
from sweeps.settings import Settings, available_cpus
from sweeps.standing import read_spec

__all__ = ["EXPERIMENT", "HOME", "LOCK", "SWEEP", "TRACKING_URI", "WORKERS", "main"]

HOME, TRACKING_URI, EXPERIMENT = "SWEEPS_HOME", "SWEEPS_TRACKING_URI", "SWEEPS_EXPERIMENT"
SWEEP, WORKERS, LOCK = "SWEEPS_SWEEP", "SWEEPS_WORKERS", "SWEEPS_JOB_LOCK"


def main() -> int:
    """Run the sweep that the environment names; its state follows from its files, whatever this returns."""
    os.set_inheritable(int(os.environ[LOCK]), False)  # the lock must not outlive this process in one that it starts
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # even where the service was told to ignore it
    console = Console(file=sys.stdout, width=200)
    try:
        console.print(_run(console), markup=False, highlight=False, soft_wrap=True)
    except SweepError as error:
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        console.print("it was stopped before it began")
        return 130
    return 0


def _run(console: Console) -> str:
    settings = Settings.read()
    spec = read_spec(Home(settings.home).sweep(os.environ[SWEEP]))
    from sweeps.driver import run_sweep  # seconds of imports; the service itself knows this module too

    workers = int(os.environ.get(WORKERS) or max(1, available_cpus() // spec.resources.cpus))
    with follow(console, spec.objective) as watch:
        report = run_sweep(spec, settings, workers=workers, watch=watch)
    return f"{report.state} {report.why} {report.trouble}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
