"""The background recorder: order, patience, and faults that do not stay hidden."""

import threading
import time
from collections.abc import Iterator

import pytest

from sweeps.record.background import PAUSE_SECONDS, BackgroundRecorder
from sweeps.record.connection import RecordError

DEADLINE_SECONDS = 10.0


class Journal:
    """Keeps the messages of trouble; `troubled` is set by the first."""

    def __init__(self) -> None:
        self.messages: list[str | None] = []
        self.troubled = threading.Event()

    def note(self, message: str | None) -> None:
        self.messages.append(message)
        self.troubled.set()


class Outage:
    """A job that cannot be done until `over` is set, or for the first `failures` times."""

    def __init__(self, done: list[str], failures: int) -> None:
        self.done = done
        self.failures = failures
        self.attempts = 0
        self.over = threading.Event()

    def __call__(self) -> None:
        self.attempts += 1
        if self.attempts <= self.failures and not self.over.is_set():
            raise RecordError(f"away {self.attempts}")
        self.done.append("patient")


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def recorder(journal: Journal) -> Iterator[BackgroundRecorder]:
    recorder = BackgroundRecorder(journal.note, first_delay_seconds=0.001)
    yield recorder
    recorder.close()


def test_jobs_are_done_in_order_in_one_other_thread(recorder: BackgroundRecorder, journal: Journal) -> None:
    done: list[int] = []
    threads: set[int] = set()

    def job(number: int) -> None:
        done.append(number)
        threads.add(threading.get_ident())

    for number in range(100):
        recorder.submit(lambda number=number: job(number))  # type: ignore[misc]  # mypy infers no type for a default
    assert recorder.drain(DEADLINE_SECONDS)
    assert done == list(range(100))
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert journal.messages == []


def test_jobs_wait_in_order_while_one_is_repeated(recorder: BackgroundRecorder, journal: Journal) -> None:
    done: list[str] = []
    job = Outage(done, failures=4)
    recorder.submit(lambda: done.append("first"))
    recorder.submit(job)
    recorder.submit(lambda: done.append("last"))
    assert recorder.drain(DEADLINE_SECONDS)
    assert done == ["first", "patient", "last"]
    assert job.attempts == 5
    assert journal.messages == ["away 1", None]


def test_drain_tells_what_is_left_and_the_caller_is_not_kept_waiting(
    recorder: BackgroundRecorder, journal: Journal
) -> None:
    done: list[str] = []
    job = Outage(done, failures=10**9)
    recorder.submit(job)
    assert journal.troubled.wait(DEADLINE_SECONDS)
    assert not recorder.drain(0.01)
    job.over.set()
    assert recorder.drain(DEADLINE_SECONDS)
    assert done == ["patient"]


def test_closing_gives_up_what_is_queued(journal: Journal) -> None:
    recorder = BackgroundRecorder(journal.note, first_delay_seconds=0.001)
    done: list[str] = []
    recorder.submit(Outage(done, failures=10**9))
    recorder.submit(lambda: done.append("behind"))
    assert journal.troubled.wait(DEADLINE_SECONDS)
    recorder.close()
    assert done == []
    assert not recorder.drain(0)
    with pytest.raises(RuntimeError, match="closed"):
        recorder.submit(lambda: None)


def test_a_job_waits_until_its_submitter_has_had_time_to_go_on(recorder: BackgroundRecorder) -> None:
    begun: list[float] = []
    done = threading.Event()

    def job() -> None:
        begun.append(time.monotonic())
        done.set()

    submitted = time.monotonic()
    recorder.submit(job)
    assert done.wait(DEADLINE_SECONDS)
    assert begun[0] - submitted >= PAUSE_SECONDS


def test_a_fault_of_the_program_is_raised_where_jobs_are_submitted(recorder: BackgroundRecorder) -> None:
    def job() -> None:
        raise KeyError("fid")

    recorder.submit(job)
    with pytest.raises(KeyError, match="fid"):
        recorder.drain(DEADLINE_SECONDS)
    with pytest.raises(KeyError, match="fid"):
        recorder.submit(lambda: None)
