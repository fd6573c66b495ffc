"""How busy the workers of a sweep were, from its result files.

    python -m benchmarks.utilisation HOME SWEEP
    python -m benchmarks.utilisation HOME SWEEP --json

Shares of the wall time between the start of the first evaluation and the end of the last, for each worker: the time it
trained, and the time it trained or scored. What is left was spent at barriers and between evaluations.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.machine import machine_line
from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import Home
from sweeps.standing import find_sweep

__all__ = ["WorkerShare", "main", "worker_shares"]


@dataclass(frozen=True)
class WorkerShare:
    """One worker's part in a sweep.

    Attributes:
        worker: Host and process.
        evaluations: How many it computed.
        training: Share of the sweep's wall time that it trained, in [0, 1].
        busy: Share that it trained or scored, in [0, 1].
        begun_seconds: How long after the first worker it began.
    """

    worker: str
    evaluations: int
    training: float
    busy: float
    begun_seconds: float


def main() -> None:
    """Print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path, help="the home that holds the sweep")
    parser.add_argument("sweep", help="its id, or the beginning of it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    files = find_sweep(Home(arguments.home.resolve()), arguments.sweep)
    shares = worker_shares(list(files.results()))
    if arguments.json:
        told = {"sweep_id": files.sweep_id, "machine": machine_line(), "workers": [asdict(share) for share in shares]}
        print(json.dumps(told))
        return
    print(f"{files.sweep_id}\n{machine_line()}\n\nworker                    evaluations  training  with scoring  begun")
    for share in shares:
        numbers = f"{share.evaluations:11} {share.training:9.2f} {share.busy:13.2f} {share.begun_seconds:4.1f} s"
        print(f"{share.worker:25} {numbers}")


def worker_shares(results: Sequence[EvaluationResult]) -> list[WorkerShare]:
    """Return each worker's share of the time from the first start to the last end, by worker."""
    if not results:
        return []
    by_worker: defaultdict[str, list[EvaluationResult]] = defaultdict(list)
    for result in results:
        by_worker[result.worker].append(result)
    begun, ended = min(result.started for result in results), max(result.ended for result in results)
    return [_share(worker, by_worker[worker], begun, ended) for worker in sorted(by_worker)]


def _share(worker: str, results: Sequence[EvaluationResult], begun: int, ended: int) -> WorkerShare:
    wall_seconds = (ended - begun) / 1000
    training = sum(result.train_seconds for result in results)
    scoring = sum(result.score_seconds for result in results)
    return WorkerShare(
        worker=worker,
        evaluations=len(results),
        training=training / wall_seconds,
        busy=(training + scoring) / wall_seconds,
        begun_seconds=(min(result.started for result in results) - begun) / 1000,
    )


if __name__ == "__main__":
    main()
