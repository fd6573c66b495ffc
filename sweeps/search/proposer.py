"""New configurations: random, or by hyperopt's tree of Parzen estimators (TPE).

A proposal is a pure function of the trial's number, the sweep's seed and the observations that the search says are
certain; whoever calls twice gets the same configuration twice.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

import numpy as np

from search_spaces.domains import Value
from search_spaces.space import SearchSpace
from sweeps.search.seeds import Purpose, derive_seed

if TYPE_CHECKING:
    from hyperopt import Trials

__all__ = ["Configuration", "Observation", "Proposer", "RandomProposer", "TPEProposer", "informative"]

Configuration = Mapping[str, Value]

GOOD_SHARE = 0.25
"""Share of the observations that TPE takes for good ones, at least two.

hyperopt's own rule takes ceil(0.25 · sqrt(N)), which is a single one for N <= 16: its proposals are then hardly better
than random ones (docs/decisions/0004-tpe-for-few-results.md).
"""

CANDIDATES = 8
"""Draws from which TPE returns the most promising; hyperopt's 24 drive few observations into corners of the space."""


@dataclass(frozen=True)
class Observation:
    """What is known of one configuration at one fidelity; `loss` is None if it diverged or failed."""

    configuration: Configuration
    epochs: int
    loss: float | None


class Proposer(Protocol):
    """Where configurations come from."""

    def propose(self, trial: int, position: int, observations: Sequence[Observation]) -> Configuration:
        """Return the configuration of a trial.

        Args:
            trial: Its number in the sweep.
            position: Its place within its bracket, from 0.
            observations: All results that are certain to be known by then, in a fixed order.
        """


@dataclass(frozen=True)
class RandomProposer:
    """Every configuration drawn from the space at random."""

    space: SearchSpace
    seed: int

    def propose(self, trial: int, position: int, observations: Sequence[Observation]) -> Configuration:
        """Return a random configuration, the same for the same trial."""
        return self.space.sample(np.random.default_rng(derive_seed(self.seed, Purpose.PROPOSAL, trial)))


@dataclass(frozen=True)
class TPEProposer:
    """hyperopt's TPE on the highest fidelity that has enough results; one trial in three stays random.

    The random third keeps Hyperband's guarantee when the model misleads (BOHB, Falkner et al. 2018, 1807.01774, ρ=1/3).
    """

    space: SearchSpace
    seed: int

    def propose(self, trial: int, position: int, observations: Sequence[Observation]) -> Configuration:
        """Return TPE's configuration, or a random one for every third position and while too little is known."""
        known = informative(observations, enough=len(self.space) + 2)
        if position % 3 == 2 or not known or not len(self.space):
            return RandomProposer(self.space, self.seed).propose(trial, position, observations)
        return _suggest(self.space, known, derive_seed(self.seed, Purpose.PROPOSAL, trial))


def informative(observations: Sequence[Observation], enough: int) -> list[Observation]:
    """Return the observations of the highest fidelity at which at least `enough` were scored; else none."""
    by_epochs = sorted(observations, key=lambda observation: -observation.epochs)
    for _, group in groupby(by_epochs, key=lambda observation: observation.epochs):
        known = list(group)
        if sum(observation.loss is not None for observation in known) >= enough:
            return known
    return []


def _suggest(space: SearchSpace, known: Sequence[Observation], seed: int) -> Configuration:
    # hyperopt takes half a second to import, and a sweep by random search does without it.
    from hyperopt import Domain, tpe

    from search_spaces.hyperopt_space import from_hyperopt, to_hyperopt

    domain = Domain(lambda _: 0.0, to_hyperopt(space))
    good = max(2, math.ceil(GOOD_SHARE * len(known)))
    # hyperopt's own seeds are 32 bits wide.
    (document,) = tpe.suggest(
        [len(known)],
        domain,
        _trials(space, known),
        seed=seed % 2**32,
        n_startup_jobs=0,
        n_EI_candidates=CANDIDATES,
        gamma=(good - 0.5) / math.sqrt(len(known)),  # hyperopt takes ceil(gamma · sqrt(N)) for good
        verbose=False,
    )
    return from_hyperopt(space, document["misc"]["vals"])


def _trials(space: SearchSpace, known: Sequence[Observation]) -> "Trials":
    from hyperopt import JOB_STATE_DONE, STATUS_OK, Trials

    from search_spaces.hyperopt_space import to_hyperopt_vals

    worst = max(observation.loss for observation in known if observation.loss is not None)
    documents = []
    for tid, observation in enumerate(known):
        vals = to_hyperopt_vals(space, observation.configuration)
        idxs = {name: [tid] * len(values) for name, values in vals.items()}
        misc = {"tid": tid, "cmd": None, "workdir": None, "idxs": idxs, "vals": vals}
        # A diverged configuration is as bad as the worst: TPE needs a number, and ranks are all it uses.
        loss = worst if observation.loss is None else observation.loss
        documents.append((misc, {"status": STATUS_OK, "loss": loss}))
    trials = Trials()
    made = trials.new_trial_docs(
        list(range(len(documents))), [None] * len(documents), [r for _, r in documents], [m for m, _ in documents]
    )
    trials.insert_trial_docs([{**document, "state": JOB_STATE_DONE} for document in made])
    trials.refresh()
    return trials
