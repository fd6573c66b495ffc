"""What Tune is told of workers, and workers of their tasks; whole sweeps under Tune are in tests/end_to_end."""

from dataclasses import dataclass, field

from sweeps.execution.tune_adapter import MOST_LOST, _TaskScheduler, _Workers, _WorkerSearcher
from sweeps.search.search import Evaluation


@dataclass
class Queue:
    """Work that is ready, and whether there may be more; a real queue needs a sweep on disk."""

    waiting: list[Evaluation]
    expects_more: bool = True
    ended: list[tuple[int, bool]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    _handed_out: int = 0

    @property
    def exhausted(self) -> bool:
        return bool(self.troubles) or not (self.waiting or self.expects_more or self._handed_out > len(self.ended))

    @property
    def ready(self) -> bool:
        return bool(self.waiting)

    def next_evaluation(self) -> Evaluation | None:
        if not self.waiting:
            return None
        self._handed_out += 1
        return self.waiting.pop(0)

    def on_end(self, evaluation: Evaluation, *, trouble: str | None, died: bool) -> None:
        self.ended.append((evaluation.trial, died))

    def on_trouble(self, trouble: str) -> None:
        self.troubles.append(trouble)


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


def evaluation(trial: int) -> Evaluation:
    return Evaluation(trial, 0, 0, 1, {"beta": 1.0})


def two_workers(*, waiting: int) -> tuple[Queue, _Workers]:
    """Return two workers that have just come up, and their queue."""
    queue = Queue([evaluation(trial) for trial in range(waiting)])
    workers = _Workers(queue, most=2, lost="none comes up")
    for worker in "ab":
        workers.enter(worker)
    return queue, workers


def test_as_many_workers_are_asked_for_as_there_may_be() -> None:
    searcher = _WorkerSearcher(_Workers(Queue([]), most=2, lost=""))
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


def test_what_comes_next_is_chosen_when_a_worker_is_free_and_not_before() -> None:
    queue, workers = two_workers(waiting=3)
    assert [workers.next_task(worker, None) for worker in "ab"] == [evaluation(0), evaluation(1)]
    queue.waiting.insert(0, evaluation(7))  # an outcome has made ready what is better to do next
    assert workers.next_task("a", None) == evaluation(7)
    assert queue.ended == [(0, False)]


def test_a_worker_that_has_not_come_up_keeps_nothing_from_the_others() -> None:
    _, workers = two_workers(waiting=2)
    assert [workers.next_task("a", None) for _ in range(2)] == [evaluation(0), evaluation(1)]


def test_a_free_worker_pauses_at_a_barrier_ever_longer_and_ends_with_the_work() -> None:
    queue, workers = two_workers(waiting=1)
    workers.next_task("a", None)
    first, second, third = (workers.next_task("b", None) for _ in range(3))
    assert isinstance(first, float)
    assert isinstance(second, float)
    assert isinstance(third, float)
    assert 0 < first < second < third
    assert queue.ended == []
    queue.expects_more = False
    assert workers.next_task("b", None) is None


def test_what_a_worker_that_died_had_in_hand_is_told() -> None:
    queue, workers = two_workers(waiting=2)
    for worker in "ab":
        workers.next_task(worker, None)
    workers.leave("a", died=True)
    workers.leave("b", died=False)
    assert queue.ended == [(0, True)]


def test_workers_that_die_one_after_another_before_they_come_up_end_the_sweep() -> None:
    queue, workers = two_workers(waiting=9)
    for _ in range(MOST_LOST - 1):
        workers.leave("a", died=True)
        workers.enter("a")
    workers.next_task("b", None)
    for _ in range(MOST_LOST):
        assert queue.troubles == []
        workers.leave("a", died=True)
        workers.enter("a")
    assert queue.troubles == ["none comes up"]


def test_why_a_worker_could_not_come_up_ends_the_sweep_at_once() -> None:
    queue, workers = two_workers(waiting=0)
    queue.expects_more = False
    workers.next_task("a", "the network is damaged")
    assert queue.troubles == ["the network is damaged"]


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
