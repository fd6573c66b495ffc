"""What Tune is told to run, and in which order; whole sweeps under Tune are in tests/end_to_end."""

from dataclasses import dataclass, field

from sweeps.execution.tune_adapter import _InTurn, _QueueSearcher
from sweeps.search.search import Evaluation


@dataclass
class TuneTrial:
    """What the scheduler sees of one of Tune's trials."""

    trial_id: str
    status: str = "PENDING"


@dataclass
class Controller:
    """What the scheduler asks Tune."""

    trials: list[TuneTrial] = field(default_factory=list)

    def get_trials(self) -> list[TuneTrial]:
        return self.trials


def test_a_worker_that_is_free_takes_the_oldest_trial_but_those_that_bring_up_the_others() -> None:
    scheduler, controller = _InTurn(workers=2), Controller([TuneTrial(name) for name in "abcd"])
    for trial in controller.trials:
        scheduler.on_trial_add(controller, trial)
    first, _, third, fourth = controller.trials
    assert scheduler.choose_trial_to_run(controller) is third
    third.status = "RUNNING"
    assert scheduler.choose_trial_to_run(controller) is fourth
    first.status = fourth.status = "TERMINATED"
    assert scheduler.choose_trial_to_run(controller) is None


@dataclass
class Queue:
    """Work that is ready, and whether there may be more; a real queue needs a sweep on disk."""

    ready: list[Evaluation]
    expects_more: bool = True
    ended: list[int] = field(default_factory=list)

    @property
    def exhausted(self) -> bool:
        return not self.ready and not self.expects_more

    def next_evaluation(self) -> Evaluation | None:
        return self.ready.pop(0) if self.ready else None

    def on_end(self, evaluation: Evaluation, *, trouble: str | None, died: bool) -> None:
        self.ended.append(evaluation.trial)


def evaluation(trial: int) -> Evaluation:
    return Evaluation(trial, 0, 0, 1, {"beta": 1.0})


def test_what_comes_next_is_chosen_when_a_worker_is_free_and_not_before() -> None:
    queue = Queue([evaluation(0), evaluation(1), evaluation(2)])
    searcher = _QueueSearcher(queue, workers=2)
    first, second = searcher.suggest("a"), searcher.suggest("b")
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert [first["evaluation"]["trial"], second["evaluation"]["trial"]] == [0, 1]
    assert searcher.suggest("c") is None
    queue.ready.insert(0, evaluation(7))  # an outcome has made ready what is better to do next
    searcher.on_trial_complete("a")
    assert queue.ended == [0]
    third = searcher.suggest("c")
    assert isinstance(third, dict)
    assert third["evaluation"]["trial"] == 7


def test_a_free_worker_pauses_at_a_barrier_ever_longer_and_ends_with_the_work() -> None:
    queue = Queue([evaluation(0)])
    searcher = _QueueSearcher(queue, workers=2)
    searcher.suggest("a")
    pauses = []
    for turn in range(3):
        pause = searcher.suggest(f"pause {turn}")
        assert isinstance(pause, dict)
        pauses.append(pause["pause_seconds"])
        searcher.on_trial_complete(f"pause {turn}")
    assert pauses == sorted(set(pauses))
    assert queue.ended == []
    queue.expects_more = False
    assert searcher.suggest("b") == "FINISHED"
