"""Taking stock: counts and the best so far follow from the search alone."""

from sweeps.progress import BestSoFar, Computed, RungProgress, take_stock
from sweeps.search.search import Outcome, Search
from tests.sweep_on_disk import new_search, small_spec

SPEC = small_spec(hyperband={"max_epochs": 9})


def told(*outcomes: Outcome) -> Search:
    search = new_search(SPEC)
    for outcome in outcomes:
        search.tell(outcome)
    return search


def test_a_sweep_that_has_just_begun_has_all_its_work_left() -> None:
    progress = take_stock("x", told().halvings, running=set(), computed=Computed(), workers=2)
    assert progress.brackets == (
        (RungProgress(9, 1, 0, 0), RungProgress(3, 3, 0, 0), RungProgress(1, 9, 0, 0)),
        (RungProgress(5, 3, 0, 0), RungProgress(1, 9, 0, 0)),
        (RungProgress(3, 9, 0, 0),),
    )
    assert (progress.evaluations, progress.epochs_left, progress.epochs_done) == (22, 69, 0)
    assert (progress.best, progress.busy, progress.computed, progress.restored) == (None, 0, 0, 0)


def test_what_is_done_running_and_left_is_counted_by_rung() -> None:
    """Nine trials at 1 epoch, trial 0 brought from 1 to 3: 9 + 2 of 69 epochs."""
    outcomes = [Outcome(trial, 0, (float(trial),)) for trial in range(9)]
    search = told(*outcomes, Outcome(0, 1, (5.0,)))
    progress = take_stock(
        "x", search.halvings, running={(1, 1), (2, 1), (9, 0)}, computed=Computed(2, epochs=3, seconds=1.5), workers=2
    )
    assert progress.brackets[0] == (RungProgress(9, 1, 9, 0), RungProgress(3, 3, 1, 2), RungProgress(1, 9, 0, 0))
    assert progress.brackets[1][0] == RungProgress(5, 3, 0, 1)
    assert (progress.epochs_left, progress.epochs_done) == (58, 3)
    assert (progress.computed, progress.restored, progress.busy_seconds) == (2, 8, 1.5)


def test_the_best_so_far_is_the_best_at_the_highest_fidelity_with_ties_by_trial() -> None:
    outcomes = [Outcome(trial, 0, (1.0,)) for trial in range(9)]
    assert take_stock("x", told(*outcomes).halvings, running=set(), computed=Computed(), workers=1).best == BestSoFar(
        0, 1, 1.0
    )
    higher = [Outcome(1, 1, (7.0, 9.0)), Outcome(2, 1, ())]
    best = take_stock("x", told(*outcomes, *higher).halvings, running=set(), computed=Computed(), workers=1).best
    assert best == BestSoFar(1, 3, 8.0)


def test_a_finished_sweep_has_nothing_left() -> None:
    search = told()
    while (evaluation := search.ask()) is not None:
        search.tell(Outcome(evaluation.trial, evaluation.rung, (float(evaluation.trial),)))
    progress = take_stock("x", search.halvings, running=set(), computed=Computed(), workers=1)
    assert (progress.epochs_left, progress.restored) == (0, 22)
    assert all(rung.done == rung.trials for rungs in progress.brackets for rung in rungs)


def test_places_that_stay_free_since_trials_diverged_are_no_work_left() -> None:
    """Of nine trials two are scored: one place of the second rung stays free, 2 epochs; of the third none can yet."""
    search = told(*(Outcome(trial, 0, (1.0,) if trial in {3, 7} else ()) for trial in range(9)))
    left = take_stock("x", search.halvings, running=set(), computed=Computed(), workers=1).epochs_left
    assert left == 2 * 2 + 6 + 15 + 6 + 27


def test_a_finished_sweep_has_nothing_left_even_if_every_trial_diverged() -> None:
    search = told()
    while (evaluation := search.ask()) is not None:
        search.tell(Outcome(evaluation.trial, evaluation.rung, ()))
    progress = take_stock("x", search.halvings, running=set(), computed=Computed(), workers=1)
    assert search.finished
    assert (progress.epochs_left, progress.restored, progress.best) == (0, 17, None)


def test_what_a_run_computed_adds_up() -> None:
    both = Computed().plus(epochs=1, seconds=0.5).plus(epochs=2, seconds=4.0)
    assert both == Computed(evaluations=2, epochs=3, seconds=4.5)
