"""Every random number of a sweep: a seed is derived from the spec's seed and from what it is for, never from a stream.

Two uses with the same key draw the same numbers, on every machine and in every order; a continuation draws what an
uninterrupted run would have drawn. Whoever adds randomness adds its purpose here.
"""

from enum import IntEnum

__all__ = ["Purpose", "derive_seed"]


class Purpose(IntEnum):
    """What a random number is for; the values are part of every sweep's results and never change."""

    SPLIT = 0
    """The folds; no further key: the same split for every trial."""
    PROPOSAL = 1
    """A configuration; keyed by trial."""
    INITIAL = 2
    """The initial weights; keyed by trial and fold."""
    TRAINING = 3
    """Shuffling and noise of one epoch; keyed by trial, fold and epoch."""
    LABELS = 4
    """Which examples keep their labels; keyed by fold, the same for every trial."""
    SCORING = 5
    """Validation noise and generated images; keyed by fold, the same for every trial and rung."""
    SAMPLES = 6
    """The pictures that people look at; the same for every trial and rung."""
    FINAL = 7
    """Training on the whole part: keyed by 0 for the initial weights, 1 for which examples keep their labels, or by 2
    and the epoch for its shuffling and noise."""


def derive_seed(seed: int, purpose: Purpose, *key: int) -> int:
    """Return the 63-bit seed for one purpose, by `numpy.random.SeedSequence` with a spawn key."""
    import numpy as np  # a tenth of a second to import, and commands that only read do without

    state = np.random.SeedSequence(seed, spawn_key=(int(purpose), *key)).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))
