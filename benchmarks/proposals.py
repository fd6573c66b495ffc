"""How near to the optimum TPE's proposals come from few results: hyperopt's defaults and ours.

    python -m benchmarks.proposals
    python -m benchmarks.proposals --repetitions 200 --json

Each repetition puts the optimum of a bowl somewhere into the shipped `beta_vae` space, observes random configurations
with noise, and asks for one more. Places are positions on the logarithmic axes, so that the space is the unit square;
the loss is the squared distance from the optimum plus Gaussian noise. Prints the median distance of the proposals, the
table of docs/decisions/0004-tpe-for-few-results.md. Takes half a minute.
"""

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
from hyperopt import fmin, tpe
from numpy.typing import NDArray

from benchmarks.machine import machine_line
from search_spaces.domains import LogUniform
from search_spaces.hyperopt_space import to_hyperopt
from search_spaces.space import SearchSpace
from sweeps.search.proposer import Configuration, Observation, TPEProposer
from sweeps.spec_checks import parse_spec

__all__ = ["Row", "main"]

OBSERVATIONS = (5, 9, 15, 27, 45)
REPETITIONS = 60
NOISE = 0.05

Place = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """How far proposals are from the optimum of the unit square, median over the repetitions.

    Attributes:
        observations: How many results were known.
        random: A random configuration.
        defaults: hyperopt's proposal with its own parameters, and no random start.
        ours: The sweep's proposal.
    """

    observations: int
    random: float
    defaults: float
    ours: float


def main() -> None:
    """Print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    spec = {"name": "proposals", "model": "beta_vae", "dataset": "digits", "space": "beta_vae"}
    space = parse_spec(spec | {"hyperband": {"max_epochs": 9}}).search_space()
    rows = [_row(space, count, arguments.repetitions) for count in OBSERVATIONS]
    machine = machine_line(("hyperopt", "numpy"))
    if arguments.json:
        print(json.dumps({**vars(arguments), "machine": machine, "rows": [asdict(row) for row in rows]}))
        return
    print(f"{arguments.repetitions} repetitions, noise {NOISE}\n{machine}\n")
    print("observations  random  hyperopt's defaults  ours")
    for row in rows:
        print(f"{row.observations:12} {row.random:7.2f} {row.defaults:20.2f} {row.ours:5.2f}")


def _row(space: SearchSpace, observations: int, repetitions: int) -> Row:
    distances = np.array([_distances(space, observations, seed) for seed in range(repetitions)])
    random, defaults, ours = np.median(distances, axis=0).tolist()
    return Row(observations, random, defaults, ours)


def _distances(space: SearchSpace, observations: int, seed: int) -> list[float]:
    """Return how far a random configuration, hyperopt's and ours are from the optimum of one bowl."""
    rng = np.random.default_rng([seed, observations])
    optimum = rng.random(len(space))
    known = [_observe(space, space.sample(rng), optimum, rng) for _ in range(observations)]
    proposed = (
        space.sample(rng),
        _propose_by_defaults(space, known, seed),
        TPEProposer(space, seed).propose(observations, 0, known),
    )
    return [float(np.linalg.norm(_place(space, configuration) - optimum)) for configuration in proposed]


def _observe(space: SearchSpace, configuration: Configuration, optimum: Place, rng: np.random.Generator) -> Observation:
    loss = float(np.sum((_place(space, configuration) - optimum) ** 2) + NOISE * rng.standard_normal())
    return Observation(configuration, 1, loss)


def _place(space: SearchSpace, configuration: Configuration) -> Place:
    """Return where a configuration lies in the unit square; every domain of the space is log-uniform."""
    positions = []
    for dimension in space:
        domain, value = dimension.domain, configuration[dimension.name]
        assert isinstance(domain, LogUniform) and isinstance(value, float)
        positions.append(math.log(value / domain.low) / math.log(domain.high / domain.low))
    return np.array(positions)


def _propose_by_defaults(space: SearchSpace, known: Sequence[Observation], seed: int) -> Configuration:
    """Return what `hyperopt.fmin` tries after the known results."""
    losses = iter([*(observation.loss for observation in known), 0.0])
    tried: list[dict[str, float]] = []

    def evaluate(configuration: dict[str, float]) -> float | None:
        tried.append({name: float(value) for name, value in configuration.items()})
        return next(losses)

    fmin(
        evaluate,
        to_hyperopt(space),
        algo=partial(tpe.suggest, n_startup_jobs=0),
        max_evals=1,  # beside those to evaluate, which come first
        points_to_evaluate=[dict(observation.configuration) for observation in known],
        rstate=np.random.default_rng(seed),
        show_progressbar=False,
        verbose=False,
    )
    assert len(tried) == len(known) + 1
    return tried[-1]


if __name__ == "__main__":
    main()
