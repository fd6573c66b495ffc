"""The work of a sweep without workers: what is recorded of each trial, what is thrown away, and what stops it."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import pytest

from sweeps.drive import Drive
from sweeps.errors import StorageError
from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import Home, SweepFiles, write_once
from sweeps.progress import Progress
from sweeps.record.recorder import EndStatus
from sweeps.search.search import Evaluation
from tests.sweep_on_disk import begin, diverged, new_search, result_of, small_spec

SPEC = small_spec(hyperband={"max_epochs": 9})


@dataclass
class Journal:
    """Keeps what it is told."""

    trouble: str = ""
    taken: list[tuple[int, int]] = field(default_factory=list)
    closed: list[tuple[int, EndStatus, str]] = field(default_factory=list)

    def take(self, result: EvaluationResult) -> None:
        self.taken.append((result.trial, result.rung))

    def close_trial(self, trial: int, *, status: EndStatus, why: str) -> None:
        self.closed.append((trial, status, why))


@dataclass
class Driven:
    """A drive with all that it tells."""

    files: SweepFiles
    journal: Journal = field(default_factory=Journal)
    seen: list[Progress] = field(default_factory=list)
    drive: Drive = field(init=False)

    def __post_init__(self) -> None:
        self.drive = Drive(SPEC, self.files, new_search(SPEC), self.journal, workers=2, watch=self.seen.append)

    def work(self, result: Callable[[Evaluation], EvaluationResult]) -> None:
        """Be the worker until there is nothing to start, leaving a result and a checkpoint each time."""
        while (evaluation := self.drive.next_evaluation()) is not None:
            write_once(self.files.checkpoint(evaluation.trial, evaluation.rung), b"weights")
            self.files.write_result(result(evaluation))
            self.drive.on_end(evaluation, trouble=None, died=False)


def scored(evaluation: Evaluation) -> EvaluationResult:
    return result_of(SPEC, evaluation)


@pytest.fixture
def driven(home: Home) -> Driven:
    """A sweep that is begun and has no result yet."""
    driven = Driven(begin(home, SPEC, evaluations=0))
    driven.drive.replay()
    return driven


def test_every_trial_is_closed_once_with_the_reason_why_it_goes_no_further(driven: Driven) -> None:
    """The fewer trials before it the better a trial is: 0, 9 and 14 to 16 reach 9 epochs."""
    driven.work(scored)
    whys = {trial: why for trial, _, why in driven.journal.closed}
    assert sorted(trial for trial, *_ in driven.journal.closed) == list(range(17))
    assert {trial for trial, why in whys.items() if why == "reached the top rung"} == {0, 9, 14, 15, 16}
    assert [whys[trial] for trial in (3, 8, 1, 13)] == [
        "rank 4 of 9 at 1 epochs, of which 3 go on",
        "rank 9 of 9 at 1 epochs, of which 3 go on",
        "rank 2 of 3 at 3 epochs, of which 1 go on",
        "rank 5 of 5 at 3 epochs, of which 1 go on",
    ]
    assert {status for _, status, _ in driven.journal.closed} == {"FINISHED"}


def test_a_replay_records_the_same_again_and_leaves_nothing_to_do(driven: Driven) -> None:
    driven.work(scored)
    again = Driven(driven.files)
    again.drive.replay()
    assert sorted(again.journal.taken) == sorted(driven.journal.taken)
    assert sorted(again.journal.closed) == sorted(driven.journal.closed)
    assert again.drive.exhausted
    assert again.drive.next_evaluation() is None


def test_a_second_replay_closes_no_trial_twice(driven: Driven) -> None:
    driven.work(scored)
    closed = list(driven.journal.closed)
    driven.drive.replay()
    assert driven.journal.closed == closed


def test_once_it_is_asked_to_end_nothing_is_handed_out_and_what_runs_is_awaited(driven: Driven) -> None:
    drive = driven.drive
    begun = drive.next_evaluation()
    assert begun is not None
    drive.interruption.asked = True
    assert drive.next_evaluation() is None
    assert drive.exhausted
    assert not drive.expects_more
    assert not drive.search.finished


def test_trials_in_hand_are_closed_as_interrupted(driven: Driven) -> None:
    """Trial 0 is done at 1 epoch and may go on, trial 1 has diverged, trial 2 has begun."""
    for result in (scored, lambda evaluation: diverged(scored(evaluation))):
        evaluation = driven.drive.next_evaluation()
        assert evaluation is not None
        driven.files.write_result(result(evaluation))
        driven.drive.on_end(evaluation, trouble=None, died=False)
    driven.drive.next_evaluation()
    driven.drive.close_undecided()
    assert driven.journal.closed == [
        (1, "FAILED", "loss/L became non-finite in epoch 1 of fold 2"),
        (0, "KILLED", "interrupted; running the sweep again continues it"),
    ]


def test_checkpoints_stay_only_where_the_top_rung_was_reached(driven: Driven) -> None:
    driven.work(scored)
    left = sorted(path.relative_to(driven.files.root).as_posix() for path in driven.files.root.rglob("*.safetensors"))
    assert left == [
        f"checkpoints/{trial:05d}/{rung}.safetensors" for trial, rung in [(0, 2), (9, 1), (14, 0), (15, 0), (16, 0)]
    ]


def test_a_checkpoint_that_a_killed_run_did_not_come_to_remove_is_removed_by_the_next(driven: Driven) -> None:
    driven.work(scored)
    write_once(driven.files.checkpoint(8, 0), b"weights")
    Driven(driven.files).drive.replay()
    assert not driven.files.checkpoint(8, 0).exists()


def test_the_watcher_sees_what_this_run_computed_and_what_was_there(home: Home) -> None:
    driven = Driven(begin(home, SPEC, evaluations=9))
    driven.drive.replay()
    driven.work(scored)
    first, *_, last = driven.seen
    assert (first.computed, first.restored, first.epochs_done) == (0, 9, 0)
    assert (last.computed, last.restored, last.epochs_done, last.epochs_left) == (13, 9, 60, 0)
    assert last.busy_seconds == 13.0


def test_an_end_is_seen_with_what_its_worker_does_next(driven: Driven) -> None:
    first, second = driven.drive.next_evaluation(), driven.drive.next_evaluation()
    assert first is not None
    assert second is not None
    driven.files.write_result(scored(first))
    driven.drive.on_end(first, trouble=None, died=False)
    driven.drive.next_evaluation()
    assert [(progress.computed, progress.busy) for progress in driven.seen] == [(0, 0), (0, 1), (0, 2), (1, 2)]


def test_it_tells_once_that_a_worker_is_free_for_good_while_another_has_the_last_evaluation(driven: Driven) -> None:
    in_hand: list[list[tuple[int, int]]] = []
    driven.drive.on_last = lambda: in_hand.append(sorted(driven.drive._running))
    working = [driven.drive.next_evaluation(), driven.drive.next_evaluation()]
    while working:
        evaluation = working.pop(0)
        assert evaluation is not None
        driven.files.write_result(scored(evaluation))
        driven.drive.on_end(evaluation, trouble=None, died=False)
        for _ in range(2 - len(working)):
            following = driven.drive.next_evaluation()
            working += [following] if following else []
    assert driven.drive.exhausted
    assert [len(keys) for keys in in_hand] == [1]


def test_who_is_asked_to_end_is_not_told_that_a_worker_is_free_for_good(driven: Driven) -> None:
    driven.drive.on_last = pytest.fail
    driven.drive.interruption.asked = True
    assert driven.drive.next_evaluation() is None


def test_an_evaluation_is_repeated_until_its_third_worker_has_died(driven: Driven) -> None:
    for _ in range(3):
        evaluation = driven.drive.next_evaluation()
        assert evaluation is not None
        assert evaluation.trial == 0
        driven.drive.on_end(evaluation, trouble=None, died=True)
    failed = driven.files.read_result(0, 0)
    assert failed is not None
    assert failed.state == "failed"
    assert driven.journal.closed == [(0, "FAILED", failed.reason)]
    assert str(driven.files.log(0, 0)) in failed.reason


def test_nothing_more_is_started_once_a_result_cannot_be_written(driven: Driven) -> None:
    evaluation = driven.drive.next_evaluation()
    assert evaluation is not None
    driven.drive.on_end(evaluation, trouble="the disk is full", died=False)
    assert driven.drive.trouble == "the disk is full"
    assert driven.drive.exhausted
    assert driven.drive.next_evaluation() is None


@pytest.mark.parametrize(("trial", "rung"), [(17, 0), (16, 1)])
def test_a_result_that_the_ladder_has_no_place_for_is_refused(driven: Driven, trial: int, rung: int) -> None:
    evaluation = driven.drive.next_evaluation()
    assert evaluation is not None
    driven.files.write_result(replace(scored(evaluation), trial=trial, rung=rung))
    with pytest.raises(StorageError) as caught:
        Driven(driven.files).drive.replay()
    assert str(driven.files.result(trial, rung)) in str(caught.value)


def test_a_result_of_another_configuration_is_refused(driven: Driven) -> None:
    evaluation = driven.drive.next_evaluation()
    assert evaluation is not None
    result = scored(evaluation)
    driven.files.write_result(replace(result, hyperparameters={**result.hyperparameters, "beta": 0.5}))
    with pytest.raises(StorageError, match="a result must be of the configuration that the search draws"):
        Driven(driven.files).drive.replay()


@pytest.mark.parametrize(("missing", "refused"), [("network", False), ("beta", True)])
def test_a_result_from_before_a_hyperparameter_came_counts_at_its_default_alone(
    driven: Driven, missing: str, refused: bool
) -> None:
    evaluation = driven.drive.next_evaluation()
    assert evaluation is not None
    result = scored(evaluation)
    older = {name: value for name, value in result.hyperparameters.items() if name != missing}
    driven.files.write_result(replace(result, hyperparameters=older))
    expected = pytest.raises(StorageError, match="of the configuration") if refused else nullcontext()
    again = Driven(driven.files)
    with expected:
        again.drive.replay()
    assert again.drive.search.configuration(evaluation.trial) == evaluation.configuration
