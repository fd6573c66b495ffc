"""Ask and tell under simulated workers: whatever their number and order, the same trials, promotions and champion."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.search.ladder import Ladder, build_ladder
from sweeps.search.search import Evaluation, Outcome, Search
from tests.search.simulation import (
    Order,
    Run,
    TellingProposer,
    earliest_bracket_first,
    longest_first,
    outcome_of,
    simulate,
    verdict_of,
)

LADDER = build_ladder(9, 3, iterations=2)
TALL = build_ladder(16, 2)
LAG = 4


def new_search(ladder: Ladder = LADDER, lag: int = LAG) -> Search:
    return Search(ladder, TellingProposer(), lag)


def by_cost(ladder: Ladder, overhead: float = 0.0) -> Callable[[Evaluation], float]:
    """An evaluation takes as long as the epochs that it trains, and an overhead."""
    return lambda evaluation: overhead + ladder.bracket_of(evaluation.trial).epochs_to_train(evaluation.rung)


def at_random(seed: int) -> Callable[[Evaluation], float]:
    rng = random.Random(seed)
    return lambda _: rng.lognormvariate(0, 1.5)


def shown(search: Search) -> object:
    assert isinstance(search.proposer, TellingProposer)
    return search.proposer.shown


@pytest.fixture(scope="module", params=[LADDER, TALL], ids=["R=9 twice", "R=16, eta=2"])
def undisturbed(request: pytest.FixtureRequest) -> Run:
    return simulate(new_search(request.param), 1, lambda _: 1.0)


@settings(max_examples=60, deadline=None)
@given(workers=st.sampled_from([1, 2, 3, 8, 50]), seed=st.integers(0, 2**32))
def test_workers_and_their_order_change_nothing(undisturbed: Run, workers: int, seed: int) -> None:
    ladder = undisturbed.search.ladder
    search = simulate(new_search(ladder), workers, at_random(seed)).search
    assert search.finished
    assert search.outcomes == undisturbed.search.outcomes
    assert shown(search) == shown(undisturbed.search)
    assert verdict_of(search, ladder) == verdict_of(undisturbed.search, ladder) is not None
    for trial in range(ladder.trials):
        assert search.configuration(trial) == undisturbed.search.configuration(trial)


@settings(max_examples=30, deadline=None)
@given(workers=st.sampled_from([2, 8, 50]), seed=st.integers(0, 2**32))
def test_no_evaluation_is_handed_out_twice(undisturbed: Run, workers: int, seed: int) -> None:
    run = simulate(new_search(undisturbed.search.ladder), workers, at_random(seed))
    assert len(set(run.handed_out)) == len(run.handed_out)
    assert set(run.handed_out) == {(outcome.trial, outcome.rung) for outcome in run.search.outcomes}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), kills=st.integers(1, 3), data=st.data())
def test_a_killed_search_goes_on_to_the_same_end_and_repeats_nothing(
    undisturbed: Run, seed: int, kills: int, data: st.DataObject
) -> None:
    ladder, rng, known = undisturbed.search.ladder, random.Random(seed), list[Outcome]()
    for kill in range(kills + 1):
        search = new_search(ladder)
        for outcome in rng.sample(known, len(known)):
            search.tell(outcome)
        before = {(outcome.trial, outcome.rung) for outcome in known}
        survives = data.draw(st.integers(0, len(undisturbed.search.outcomes)))
        run = simulate(search, rng.choice([1, 3, 8]), at_random(seed), killed_after=survives if kill < kills else None)
        assert not before & set(run.handed_out)
        known = search.outcomes
    assert known == undisturbed.search.outcomes
    assert shown(search) == shown(undisturbed.search)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_lost_results_are_asked_for_again_and_change_nothing(undisturbed: Run, seed: int) -> None:
    rng = random.Random(seed)
    outcomes = undisturbed.search.outcomes
    kept = rng.sample(outcomes, rng.randrange(len(outcomes)))
    search = new_search(undisturbed.search.ladder)
    for outcome in kept:
        search.tell(outcome)
    run = simulate(search, 3, at_random(seed))
    assert len(run.handed_out) == len(outcomes) - len(kept)
    assert search.outcomes == outcomes


def test_the_best_of_each_rung_are_promoted_with_ties_by_trial(undisturbed: Run) -> None:
    search, ladder = undisturbed.search, undisturbed.search.ladder
    told = {(outcome.trial, outcome.rung): outcome.mean for outcome in search.outcomes}
    ties = 0
    for bracket in ladder:
        entrants = list(bracket.trials)
        for rung, planned in enumerate(bracket.rungs[1:]):
            means = {trial: told[trial, rung] for trial in entrants}
            scored = sorted((mean, trial) for trial, mean in means.items() if mean is not None)
            ties += len(scored) - len({mean for mean, _ in scored})
            entrants = sorted(trial for _, trial in scored[: planned.trials])
            assert planned.trials == bracket.rungs[rung].trials // (
                bracket.rungs[rung + 1].epochs // bracket.rungs[rung].epochs
            )
            assert search.entrants(bracket, rung + 1) == entrants
            assert {trial for trial, number in told if number == rung + 1 and trial in bracket.trials} == set(entrants)
    assert ties > 0


def test_a_trial_that_diverged_is_never_promoted_even_if_places_stay_free() -> None:
    search = new_search(build_ladder(9, 3))
    bracket = search.ladder.brackets[0]
    for trial in bracket.trials:
        search.tell(Outcome(trial, 0, (1.0,) if trial in {3, 7} else ()))
    assert search.entrants(bracket, 1) == [3, 7]
    assert bracket.rungs[1].trials == 3


def test_a_search_whose_trials_all_diverge_ends_without_a_champion() -> None:
    search = new_search()
    while (evaluation := search.ask()) is not None:
        search.tell(Outcome(evaluation.trial, evaluation.rung, ()))
    assert search.finished
    assert {outcome.rung for outcome in search.outcomes} == {0}
    assert verdict_of(search, LADDER) is None


def test_infinite_scores_lose_against_every_number() -> None:
    search = new_search(build_ladder(3, 3))
    for trial, score in enumerate([float("inf"), 5.0, 4.0]):
        search.tell(Outcome(trial, 0, (score,)))
    assert search.entrants(search.ladder.brackets[0], 1) == [2]


def test_the_first_bracket_is_drawn_from_nothing_and_the_next_from_what_is_certain() -> None:
    """R=9: trials 0-8 at 1 epoch, of which bracket 1 waits for the first five; bracket 2 for all but the top rung."""
    run = simulate(new_search(build_ladder(9, 3)), 1, lambda _: 1.0)
    assert isinstance(run.search.proposer, TellingProposer)
    told = run.search.proposer.shown
    assert [len(told[trial]) for trial in range(9)] == [0] * 9
    assert [[o.epochs for o in told[trial]] for trial in range(9, 14)] == [[1] * 5] * 5
    below = sum(outcome.trial < 9 and outcome.rung < 2 for outcome in run.search.outcomes)
    for trial in range(14, 17):
        assert [o.epochs for o in told[trial]] == [1] * 9 + [3] * (below - 9) + [3]


@pytest.mark.parametrize(
    ("max_epochs", "workers", "least"), [(9, 2, 0.99), (27, 2, 0.99), (27, 4, 0.98), (81, 4, 0.99), (81, 8, 0.92)]
)
def test_workers_are_all_but_always_busy(max_epochs: int, workers: int, least: float) -> None:
    ladder = build_ladder(max_epochs, 3)
    run = simulate(new_search(ladder), workers, by_cost(ladder, overhead=0.5))
    assert run.busy / (workers * run.makespan) >= least


@pytest.mark.parametrize("overhead", [0.5, 3.0])
@pytest.mark.parametrize("max_epochs", [27, 81])
@pytest.mark.parametrize("other", [longest_first, earliest_bracket_first])
def test_no_simpler_order_ends_sooner(other: Order, max_epochs: int, overhead: float) -> None:
    ladder = build_ladder(max_epochs, 3)
    duration = by_cost(ladder, overhead)
    for workers in (2, 3, 4, 8):
        ours, theirs = new_search(ladder), new_search(ladder)
        makespan = simulate(ours, workers, duration).makespan
        assert makespan <= simulate(theirs, workers, duration, ask=other(theirs, duration)).makespan
        assert theirs.outcomes == ours.outcomes


def test_the_next_bracket_gives_work_while_a_barrier_stands() -> None:
    """R=9, trials 5 to 8 of the first rung still run: with a lag of 4 bracket 1 begins, without it nothing can."""
    for lag, expected in ((4, 9), (0, None)):
        search = new_search(build_ladder(9, 3), lag)
        handed = [search.ask() for _ in range(9)]
        for evaluation in handed[:5]:
            assert evaluation is not None
            search.tell(outcome_of(evaluation))
        following = search.ask()
        assert (following and following.trial) == expected


def test_a_worker_is_only_refused_while_a_barrier_stands() -> None:
    search = new_search(build_ladder(3, 3), lag=0)
    handed = [search.ask() for _ in range(4)]
    assert [evaluation and evaluation.trial for evaluation in handed] == [0, 1, 2, None]
    for evaluation in handed[:3]:
        assert evaluation is not None
        search.tell(outcome_of(evaluation))
    assert search.ask() is not None


def test_a_large_ladder_under_a_thousand_workers_finishes() -> None:
    ladder = build_ladder(243, 3)
    run = simulate(Search(ladder, TellingProposer(), LAG), 1000, at_random(1))
    alone = simulate(Search(ladder, TellingProposer(), LAG), 1, lambda _: 1.0)
    assert run.search.finished
    assert run.search.outcomes == alone.search.outcomes
    assert len(run.search.outcomes) > ladder.trials


def test_the_same_outcome_may_be_told_twice_but_not_two_different_ones() -> None:
    search = new_search()
    search.tell(Outcome(0, 0, (1.0, 2.0)))
    search.tell(Outcome(0, 0, (1.0, 2.0)))
    with pytest.raises(ValueError, match="trial 0 at rung 0 was told two"):
        search.tell(Outcome(0, 0, (1.0, 2.5)))


def test_a_configuration_is_unknown_until_its_bracket_is_certain() -> None:
    search = new_search(build_ladder(9, 3))
    assert search.configuration(8) is not None
    assert search.configuration(9) is None
    for trial in range(5):
        search.tell(Outcome(trial, 0, (1.0,)))
    assert search.configuration(13) is not None
    assert search.configuration(14) is None


def test_configurations_may_be_asked_for_in_any_order_after_a_replay() -> None:
    ended = simulate(new_search(), 1, lambda _: 1.0).search
    replayed = new_search()
    for outcome in ended.outcomes:
        replayed.tell(outcome)
    backwards = [replayed.configuration(trial) for trial in reversed(range(LADDER.trials))]
    assert backwards == [ended.configuration(trial) for trial in reversed(range(LADDER.trials))]


def test_an_evaluation_that_is_taken_back_is_handed_out_again() -> None:
    search = new_search()
    first, second = search.ask(), search.ask()
    assert first is not None
    assert second is not None
    search.take_back(first)
    assert search.ask() == first
    following = search.ask()
    assert following is not None
    assert following.trial == second.trial + 1


def test_workers_that_die_change_nothing(undisturbed: Run) -> None:
    """Every second evaluation is lost once with its worker."""
    search = new_search(undisturbed.search.ladder)
    lost: set[tuple[int, int]] = set()
    while (evaluation := search.ask()) is not None:
        key = (evaluation.trial, evaluation.rung)
        if evaluation.trial % 2 == 0 and key not in lost:
            lost.add(key)
            search.take_back(evaluation)
        else:
            search.tell(outcome_of(evaluation))
    assert search.outcomes == undisturbed.search.outcomes
    assert len(lost) > 5
