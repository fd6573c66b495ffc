"""Our sweeps beside what users write today, and beside our own without a record.

    python -m benchmarks.compare
    python -m benchmarks.compare --only ray-tune --quick --json figures.json

Runs the systems of each comparison in turn, every one with everything recorded, in an empty folder, from start to end
of its process; every other round in reverse order. Prints medians, and how many times as long as ours the others take
for a fold-epoch: one epoch of one fold of one trial, counted as each system really trained them. Takes half an hour;
keep the machine quiet.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.machine import machine_line
from benchmarks.measured_process import run_measured
from benchmarks.systems import HOME, System, command, environment
from benchmarks.utilisation import worker_shares
from sweeps.execution.storage import Home

__all__ = ["COMPARISONS", "Comparison", "Run", "main"]

ROUNDS = 3
PACKAGES = ("torch", "pytorch-lightning", "ray", "mlflow", "hyperopt", "optuna")


@dataclass(frozen=True)
class Comparison:
    """Systems that do the same sweep; the first is the one that the others are measured by."""

    max_epochs: int
    systems: tuple[System, ...]


COMPARISONS = {
    "ray-tune": Comparison(9, ("sweeps", "Ray Tune")),
    "optuna": Comparison(27, ("sweeps", "Optuna")),
    "record": Comparison(9, ("sweeps", "sweeps, unrecorded")),
}


@dataclass(frozen=True)
class Run:
    """One whole sweep of one system.

    Attributes:
        comparison: Its name.
        system: Its name.
        seconds: From the start of the process to its end.
        fold_epochs: Epochs that were trained, over all folds of all trials.
        peak_worker_bytes: Most memory of one Ray worker; 0 for a system that has none.
        training: Share of the time between first start and last end that the least busy worker trained; of ours only.
        busy: As `training`, with scoring.
    """

    comparison: str
    system: System
    seconds: float
    fold_epochs: int
    peak_worker_bytes: int
    training: float | None
    busy: float | None

    @property
    def milliseconds_per_fold_epoch(self) -> float:
        """Wall time by work."""
        return 1000 * self.seconds / self.fold_epochs


def main() -> None:
    """Run the rounds, print the table, and keep every run if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(COMPARISONS), action="append", help="may be repeated")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--deadline", type=float, default=1_800.0, help="seconds that one run may take")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every run here")
    arguments = parser.parse_args()
    runs: list[Run] = []
    for run in _rounds(
        arguments.only or list(COMPARISONS), 1 if arguments.quick else arguments.rounds, arguments.deadline
    ):
        runs.append(run)
        print(f"{run.comparison:10} {run.system:19} {run.seconds:7.1f} s {run.fold_epochs:6} fold-epochs", flush=True)
        if arguments.json:
            told = {"machine": machine_line(PACKAGES), "runs": [asdict(run) for run in runs]}
            arguments.json.write_text(json.dumps(told, indent=1), encoding="utf-8")
    print("\n".join(["", machine_line(PACKAGES), "", *table(runs)]))


def table(runs: Sequence[Run]) -> list[str]:
    """Return the medians as lines, with `times` the time of the first system for a fold-epoch."""
    lines = ["comparison system              runs fold-epochs  seconds  ms/fold-epoch  times worker MiB training  busy"]
    for name, comparison in COMPARISONS.items():
        of_system = {s: [r for r in runs if (r.comparison, r.system) == (name, s)] for s in comparison.systems}
        ours = of_system[comparison.systems[0]]
        lines += [_line(name, of_system[system], ours) for system in comparison.systems if of_system[system]]
    return lines


def _rounds(names: Sequence[str], rounds: int, deadline_seconds: float) -> Iterator[Run]:
    for number in range(rounds):
        for name in names:
            systems = COMPARISONS[name].systems
            for system in reversed(systems) if number % 2 else systems:
                yield _run(name, system, deadline_seconds)


def _run(comparison: str, system: System, deadline_seconds: float) -> Run:
    with TemporaryDirectory(prefix="compare-") as temporary:
        folder = Path(temporary)
        ended = run_measured(
            command(system, COMPARISONS[comparison].max_epochs, folder),
            environment=environment(),
            log=folder / "messages.log",
            deadline_seconds=deadline_seconds,
        )
        told = json.loads(ended.output.splitlines()[-1])
        training, busy = _least_busy(folder / HOME, told.get("sweep_id"))
    return Run(comparison, system, ended.seconds, told["fold_epochs"], ended.peak_worker_bytes, training, busy)


def _least_busy(home: Path, sweep_id: str | None) -> tuple[float | None, float | None]:
    if sweep_id is None:
        return None, None
    shares = worker_shares(list(Home(home).sweep(sweep_id).results()))
    return min(share.training for share in shares), min(share.busy for share in shares)


def _line(comparison: str, runs: Sequence[Run], ours: Sequence[Run]) -> str:
    pace = median(run.milliseconds_per_fold_epoch for run in runs)
    times = pace / median(run.milliseconds_per_fold_epoch for run in ours)
    memory = max(run.peak_worker_bytes for run in runs) / 2**20
    shares = [
        median(share for run in runs if (share := getattr(run, name)) is not None) if runs[0].training else float("nan")
        for name in ("training", "busy")
    ]
    work = f"{len(runs):4} {median(run.fold_epochs for run in runs):11.0f} {median(run.seconds for run in runs):8.1f}"
    ratios = f"{times:6.2f} {memory:10.0f} {shares[0]:8.2f} {shares[1]:5.2f}"
    return f"{comparison:10} {runs[0].system:19}{work} {pace:14.1f} {ratios}"


if __name__ == "__main__":
    main()
