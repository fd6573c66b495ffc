"""What Tune is told of workers; whole sweeps under Tune are in tests/end_to_end."""

from dataclasses import dataclass, field

from sweeps.execution.tune_adapter import _TaskScheduler, _WorkerSearcher
from sweeps.execution.workers import Workers
from tests.execution.work_queue import Queue, evaluation, two_workers


@dataclass
class Actor:
    """What the scheduler does with a worker's actor."""

    taken: list[object] = field(default_factory=list)

    @property
    def take(self) -> "Actor":
        return self

    def remote(self, task: object) -> None:
        self.taken.append(task)


@dataclass
class TuneTrial:
    """What the scheduler sees of one of Tune's trials."""

    trial_id: str
    status: str = "RUNNING"
    ray_actor: Actor = field(default_factory=Actor)

    @property
    def temporary_state(self) -> "TuneTrial":
        return self


@dataclass
class Controller:
    """What the scheduler asks Tune."""

    trials: list[TuneTrial]
    stopped: list[str] = field(default_factory=list)

    def get_trials(self) -> list[TuneTrial]:
        return self.trials

    def stop_trial(self, trial: TuneTrial) -> None:
        self.stopped.append(trial.trial_id)


def test_as_many_workers_are_asked_for_as_there_may_be() -> None:
    searcher = _WorkerSearcher(Workers(Queue([]), most=2, lost=""))
    assert [searcher.suggest(worker) for worker in "abc"] == [{}, {}, None]
    searcher.on_trial_complete("a", error=True)
    assert [searcher.suggest(worker) for worker in "de"] == [{}, None]


def test_nobody_is_asked_for_while_others_have_the_last_evaluations_in_hand() -> None:
    queue, workers = two_workers(waiting=1)
    searcher = _WorkerSearcher(workers)
    queue.expects_more = False
    for worker in "ab":
        workers.next_task(worker, None)
    searcher.on_trial_complete("b")
    assert searcher.suggest("c") is None
    queue.waiting.append(evaluation(0))  # its worker has died
    searcher.on_trial_complete("a", error=True)
    assert searcher.suggest("d") == {}
    for _ in range(2):
        workers.next_task("d", None)
    assert searcher.suggest("e") == "FINISHED"


def test_a_worker_is_given_its_task_before_its_next_step_and_ends_when_there_is_none() -> None:
    queue, workers = two_workers(waiting=1)
    queue.expects_more = False
    scheduler, first, second = _TaskScheduler(workers), TuneTrial("a"), TuneTrial("b", status="PENDING")
    controller = Controller([first, second])
    assert scheduler.on_trial_result(controller, first, {"trouble": None}) == "CONTINUE"
    assert first.ray_actor.taken == [evaluation(0)]
    assert controller.stopped == []
    assert scheduler.on_trial_result(controller, first, {"trouble": None}) == "STOP"
    assert controller.stopped == ["b"]  # for want of room it would never come up
