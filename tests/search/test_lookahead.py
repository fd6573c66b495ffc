"""The end of a sweep played out in numbers: what it promises, and that who follows it ends with the least idle time."""

import pytest

from sweeps.search.halving import Halving
from sweeps.search.ladder import build_ladder
from sweeps.search.lookahead import OVERHEAD_EPOCHS, Timetable, soonest_first
from sweeps.search.search import Evaluation, Outcome, Search
from tests.search.simulation import TellingProposer

LAG = 4


def duration(search: Search, evaluation: Evaluation) -> float:
    return search.ladder.bracket_of(evaluation.trial).epochs_to_train(evaluation.rung) + OVERHEAD_EPOCHS


@pytest.mark.parametrize(("max_epochs", "eta"), [(9, 3), (27, 3), (16, 2), (16, 4)])
def test_two_workers_end_within_one_evaluation_of_an_epoch_of_each_other(max_epochs: int, eta: int) -> None:
    """If evaluations take as long as they should, and none diverges: then a rung may have fewer trials than planned."""
    ladder = build_ladder(max_epochs, eta)
    search = Search(ladder, TellingProposer(), LAG)
    work = sum(
        rung.trials * (bracket.epochs_to_train(number) + OVERHEAD_EPOCHS)
        for bracket in ladder
        for number, rung in enumerate(bracket.rungs)
    )
    clock, working = 0.0, list[tuple[float, Evaluation]]()
    while not search.finished:
        while len(working) < 2 and (evaluation := search.ask()) is not None:
            working.append((clock + duration(search, evaluation), evaluation))
        clock, evaluation = working.pop(working.index(min(working, key=lambda each: each[0])))
        search.tell(Outcome(evaluation.trial, evaluation.rung, (float(evaluation.trial),)))
    assert clock - work / 2 <= (1 + OVERHEAD_EPOCHS) / 2


def test_the_bracket_that_others_would_stand_at_goes_before_the_longer_evaluation() -> None:
    """R=3, both brackets drawn: one trial of the first rung is out. Served last, its barrier would leave one idle."""
    first, second = (Halving(bracket) for bracket in build_ladder(3, 3))
    for trial in first.bracket.trials[:2]:
        assert first.take() == trial
        first.tell(Outcome(trial, 0, (1.0,)))
    second_after_first = soonest_first([first, second], 2, LAG, Timetable(workers=2))
    assert [halving.bracket.number for halving in second_after_first] == [0, 1]


def test_the_clock_moves_with_what_was_handed_out_and_came_back_and_with_nothing_else() -> None:
    timetable = Timetable()
    timetable.end((0, 0))
    assert timetable.now == 0.0
    timetable.begin((1, 0), 0, epochs=9)
    timetable.begin((2, 0), 0, epochs=1)
    timetable.end((1, 0))
    timetable.end((2, 0))
    assert (timetable.now, timetable.workers, timetable.in_hand) == (9 + OVERHEAD_EPOCHS, 2, {})
