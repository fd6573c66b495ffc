"""TPE: a pure function that moves towards the optimum, keeps a random third, and stays inside its space."""

import math
import statistics
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hyperparameters import rules
from search_spaces.domains import Choice, IntegerRange, LogUniform, Uniform
from search_spaces.shipped import load_shipped, shipped_names
from search_spaces.space import Condition, Dimension, SearchSpace
from sweeps.search.proposer import Configuration, Observation, RandomProposer, TPEProposer, informative
from sweeps.spec_checks import parse_spec

PLANE = SearchSpace((Dimension("beta", LogUniform(1e-3, 1e3)), Dimension("lr", LogUniform(1e-3, 1e3))))
MIXED = SearchSpace(
    (
        Dimension("width", IntegerRange(2, 6)),
        Dimension("kind", Choice(("plain", "deep"))),
        Dimension("rate", Uniform(0, 1), when=Condition("kind", "deep")),
    )
)


def distance(configuration: Configuration, optimum: float = 1.0) -> float:
    """Distance from the optimum on both axes, in decades."""
    decades = (math.log10(float(configuration[name]) / optimum) for name in ("beta", "lr"))
    return math.hypot(*decades)


def observe(
    space: SearchSpace, count: int, epochs: int, seed: int, loss: Callable[[Configuration], float | None]
) -> list[Observation]:
    random = RandomProposer(space, seed)
    drawn = (random.propose(trial, trial, []) for trial in range(count))
    return [Observation(configuration, epochs, loss(configuration)) for configuration in drawn]


def modelled(space: SearchSpace, seed: int, observations: Sequence[Observation], count: int = 2) -> list[Configuration]:
    """Return proposals that are not of the random third."""
    tpe = TPEProposer(space, seed)
    return [tpe.propose(1000 + trial, 0, observations) for trial in range(count)]


def test_the_same_observations_and_seed_give_the_same_proposal() -> None:
    known = observe(PLANE, 20, 1, 0, distance)
    first, again = (TPEProposer(PLANE, 5).propose(40, 0, known) for _ in range(2))
    assert first == again
    assert first != TPEProposer(PLANE, 6).propose(40, 0, known)
    assert first != TPEProposer(PLANE, 5).propose(41, 0, known)


def test_global_randomness_changes_no_proposal() -> None:
    known = observe(PLANE, 20, 1, 0, distance)
    proposals = []
    for seed in (1, 2):
        np.random.seed(seed)  # the global stream is what must not matter
        proposals.append(TPEProposer(PLANE, 5).propose(40, 0, known))
    assert proposals[0] == proposals[1]


def test_tpe_comes_nearer_to_the_optimum_than_chance() -> None:
    """Chance is about 2.4 decades away on a plane of 6 × 6 decades; over 40 seeds TPE stays below two thirds."""
    seeds = range(40)
    near = [distance(c) for seed in seeds for c in modelled(PLANE, seed, observe(PLANE, 30, 1, seed, distance))]
    chance = [distance(RandomProposer(PLANE, seed).propose(1000 + i, 0, [])) for seed in seeds for i in range(2)]
    assert statistics.mean(near) < 0.67 * statistics.mean(chance)


def test_every_third_position_is_random() -> None:
    known = observe(PLANE, 20, 1, 0, distance)
    random, tpe = RandomProposer(PLANE, 3), TPEProposer(PLANE, 3)
    is_random = [tpe.propose(t, t - 20, known) == random.propose(t, t - 20, []) for t in range(20, 32)]
    assert is_random == [False, False, True] * 4


def test_the_first_bracket_is_random() -> None:
    random, tpe = RandomProposer(PLANE, 3), TPEProposer(PLANE, 3)
    assert [tpe.propose(t, t, []) for t in range(9)] == [random.propose(t, t, []) for t in range(9)]


def test_random_proposals_differ_by_trial_and_seed_and_look_at_nothing() -> None:
    known = observe(PLANE, 5, 1, 0, distance)
    proposals = [RandomProposer(PLANE, seed).propose(trial, 0, known) for seed in (0, 1) for trial in range(20)]
    assert len({tuple(proposal.items()) for proposal in proposals}) == 40
    assert proposals[:20] == [RandomProposer(PLANE, 0).propose(trial, 7, []) for trial in range(20)]


def test_the_highest_fidelity_with_enough_results_is_what_counts() -> None:
    """At 1 epoch the optimum seems to be at 0.01, at 9 epochs it is at 100: four decades away."""
    cheap = observe(PLANE, 20, 1, 0, lambda c: distance(c, 0.01))
    dear = observe(PLANE, 20, 9, 1, lambda c: distance(c, 100.0))
    both = modelled(PLANE, 0, [*cheap, *dear], 20)
    few = modelled(PLANE, 0, [*cheap, *dear[:3]], 20)
    assert statistics.mean(distance(c, 100.0) for c in both) < statistics.mean(distance(c, 0.01) for c in both)
    assert statistics.mean(distance(c, 0.01) for c in few) < statistics.mean(distance(c, 100.0) for c in few)
    assert few == modelled(PLANE, 0, cheap, 20)


def test_informative_keeps_one_fidelity_and_counts_only_scores() -> None:
    def at(epochs: int, *losses: float | None) -> list[Observation]:
        return [Observation({}, epochs, loss) for loss in losses]

    cheap, middle, dear = at(1, 5.0, 4.0, 3.0), at(3, 2.0, None, 1.0), at(9, 0.5)
    assert informative([*cheap, *middle, *dear], enough=1) == dear
    assert informative([*cheap, *middle, *dear], enough=2) == middle
    assert informative([*cheap, *middle, *dear], enough=3) == cheap
    assert informative([*cheap, *middle, *dear], enough=4) == []


def test_diverged_configurations_are_avoided() -> None:
    """Whatever has a beta above 10 diverged; chance proposes a third of such."""
    known = observe(
        PLANE, 30, 1, 2, lambda c: None if float(c["beta"]) > 10 else 1.0 - 0.01 * math.log10(float(c["lr"]))
    )
    proposed = modelled(PLANE, 0, known, 60)
    assert sum(float(c["beta"]) > 10 for c in proposed) < 0.2 * len(proposed)


def test_conditional_hyperparameters_are_modelled_below_their_choice() -> None:
    """Deep is better than plain, and best near a rate of 0.8."""
    known = observe(
        MIXED, 40, 1, 0, lambda c: abs(float(c["rate"]) - 0.8) if c["kind"] == "deep" else 2.0 + float(c["width"])
    )
    proposed = modelled(MIXED, 0, known, 60)
    assert all(map(MIXED.contains, proposed))
    deep = [c for c in proposed if c["kind"] == "deep"]
    assert len(deep) > 40
    assert statistics.mean(abs(float(c["rate"]) - 0.8) for c in deep) < 0.2


def test_a_space_of_nothing_yields_the_empty_configuration() -> None:
    known = [Observation({}, 1, float(loss)) for loss in range(5)]
    assert TPEProposer(SearchSpace(()), 0).propose(0, 0, known) == {}


@pytest.mark.parametrize("name", shipped_names())
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), count=st.integers(0, 12), position=st.integers(0, 2))
def test_every_proposal_for_a_shipped_space_is_allowed_by_its_model(
    name: str, seed: int, count: int, position: int
) -> None:
    model = load_shipped(name)["model"]
    space = parse_spec(
        {"name": "x", "model": model, "dataset": "digits", "space": name, "hyperband": {"max_epochs": 9}}
    ).search_space()
    rng = np.random.default_rng(seed)
    known = observe(space, count, 1, seed, lambda _: None if rng.random() < 0.2 else rng.random())
    proposal = TPEProposer(space, seed).propose(count, position, known)
    assert space.contains(proposal)
    assert all(rules(model)[name].allows(value) for name, value in proposal.items())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_proposal_for_a_mixed_space_lies_in_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = observe(MIXED, 10, 3, seed, lambda _: rng.random())
    assert all(map(MIXED.contains, modelled(MIXED, seed, known)))
