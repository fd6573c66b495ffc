"""What one core takes for each kind of work: the figures that `sweeps plan` estimates from.

    python -m benchmarks.costs
    SWEEPS_DATA=FOLDER python -m benchmarks.costs --sides 8 28

Runs whole evaluations, as a worker does, of every model with its defaults: on digits, and with `--sides 28` on 3,000
images of MNIST. Prints the medians in the form of the constants of `sweeps/plan.py`. Takes about a minute on digits and
several on both; keep the machine quiet.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.machine import machine_line
from models.datasets import load_training
from models.hyperparameters import HYPERPARAMETERS
from sweeps.execution.evaluation import evaluate
from sweeps.execution.storage import Home
from sweeps.execution.supplies import Supplies
from sweeps.execution.workbench import set_up_workbench
from sweeps.search.cross_validation import assign_folds
from sweeps.search.search import Evaluation
from sweeps.search.seeds import Purpose, derive_seed
from sweeps.settings import Settings
from sweeps.spec import SweepSpec
from sweeps.spec_checks import parse_spec

__all__ = ["Cost", "main", "measure"]

REPETITIONS = 3
EPOCHS = 3
DATASETS = {8: {"name": "digits"}, 28: {"name": "mnist", "limit": 3_000}}
FOLDS = {8: 10, 28: 3}


@dataclass(frozen=True)
class Cost:
    """What one evaluation took.

    Attributes:
        model: Its model.
        side: Height and width of its images.
        seconds_per_example: Training, by example and epoch.
        seconds_per_score: Scoring and what is written after it, by fold.
        bytes_per_fold: Size of the checkpoint, by fold.
    """

    model: str
    side: int
    seconds_per_example: float
    seconds_per_score: float
    bytes_per_fold: float


def main() -> None:
    """Print the constants."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", type=int, choices=sorted(DATASETS), nargs="+", default=[8])
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    arguments = parser.parse_args()
    kinds = [(model, side) for side in arguments.sides for model in HYPERPARAMETERS]
    costs = [cost for kind in kinds for cost in measure(*kind, arguments.repetitions)]
    print(f"# {machine_line()}")
    for name, field in (("SECONDS_PER_EXAMPLE", "seconds_per_example"), ("BYTES_PER_FOLD", "bytes_per_fold")):
        print(f"{name} = {_medians(((cost.model, cost.side), getattr(cost, field)) for cost in costs)}")
    print(f"SECONDS_PER_SCORE = {_medians((cost.side, cost.seconds_per_score) for cost in costs)}")


def measure(model: str, side: int, repetitions: int) -> list[Cost]:
    """Run evaluations of a model, each a trial of its own, after one that warms up and does not count."""
    spec = _spec(model, side)
    with TemporaryDirectory() as temporary:
        home = Home(Path(temporary))
        dataset = load_training(spec.dataset.name, limit=spec.dataset.limit, folder=Settings.read().data)
        folds = assign_folds(dataset.labels, spec.folds, derive_seed(spec.seed, Purpose.SPLIT))
        bench = set_up_workbench(Supplies(spec, home.sweep(spec.sweep_id), home.features, dataset, folds))
        examples = len(dataset.labels) * (spec.folds - 1) * EPOCHS
        costs = []
        for trial in range(repetitions + 1):
            result = evaluate(bench, Evaluation(trial, bracket=0, rung=0, epochs=EPOCHS, configuration={}))
            size = bench.files.checkpoint(trial, 0).stat().st_size
            seconds = result.train_seconds / examples, result.score_seconds / spec.folds
            costs.append(Cost(model, side, *seconds, size / spec.folds))
        return costs[1:]


def _spec(model: str, side: int) -> SweepSpec:
    return parse_spec(
        {
            "name": "costs",
            "model": model,
            "dataset": DATASETS[side],
            "space": model,
            "folds": FOLDS[side],
            "hyperband": {"max_epochs": EPOCHS},
        }
    )


def _medians(pairs: Iterable[tuple[object, float]]) -> str:
    """Return the median for each key as Python's text of a dictionary, two digits each."""
    collected: defaultdict[object, list[float]] = defaultdict(list)
    for key, value in pairs:
        collected[key].append(value)
    return "{" + ", ".join(f"{key!r}: {median(values):.1e}" for key, values in collected.items()) + "}"


if __name__ == "__main__":
    main()
