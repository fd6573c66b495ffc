"""What workers are given to do, and what becomes of those that die."""

from sweeps.execution.workers import MOST_LOST
from tests.execution.work_queue import evaluation, two_workers


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
