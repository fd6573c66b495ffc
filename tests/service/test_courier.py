"""Whoever asked is told how sweeps stand: again after failures, the rest after a restart, in nobody's way."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sweeps.service import courier
from sweeps.service.board import Board
from sweeps.service.courier import Courier, wait_seconds
from sweeps.service.delivery import Poster
from sweeps.service.notices import Notices
from sweeps.service.notify_settings import IPAddress, NotifySettings
from tests.end_to_end.sweep_process import wait_until
from tests.service.memory_board import MemoryBoard
from tests.service.receiver import Receiver, documented_verify, receive
from tests.service.service_on_disk import IdleExecutor, open_board
from tests.sweep_on_disk import small_spec

KEY = b"k" * 32


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, and try again soon."""
    monkeypatch.setattr(courier, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(courier, "READ_SECONDS", 0.05)
    monkeypatch.setattr(courier, "FIRST_WAIT_SECONDS", 0.01)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receive() as receiver:
        yield receiver


@pytest.fixture
def settings(receiver: Receiver) -> NotifySettings:
    return NotifySettings.read({"SWEEPS_NOTIFY_HOSTS": receiver.host})


@pytest.fixture
def board(tmp_path: Path, settings: NotifySettings) -> MemoryBoard:
    return MemoryBoard(tmp_path, settings)


@contextmanager
def telling(board: Board, **changes: Any) -> Iterator[None]:
    """Tell about the sweeps of a board while the block runs, by a poster with some changes."""
    teller = Courier(board, Poster(board.notify, (KEY,), **changes))
    teller.start()
    try:
        yield
    finally:
        teller.close()


def submit(board: Board, *addresses: str, seed: int = 0) -> str:
    spec = small_spec(seed=seed, notify=list(addresses))
    return board.submit(spec, project="default", priority=0, by="ann", key="")[0].ref


def test_every_change_is_told_signed_and_with_what_it_brought(board: MemoryBoard, receiver: Receiver) -> None:
    ref = submit(board, receiver.address("/one"), receiver.address("/two"))
    champion = {"trial": 4, "mean": 0.5}
    changes: list[dict[str, Any]] = [
        {"state": "running"},
        {"state": "paused"},
        {"state": "cancelled"},
        {"state": "finished", "champion": champion},
        {"state": "failed", "why": "it ended 3 times without a new result"},
    ]
    with telling(board):
        for change in changes:
            board.stand(ref, **change)
            wait_until(lambda: receiver.states()[-2:] == [board.view(ref).state] * 2)
    for path in ("/one", "/two"):
        mine = [message.told for message in receiver.messages if message.path == path]
        assert [told["data"]["state"] for told in mine] == [change["state"] for change in changes]
        assert (mine[3]["data"]["champion"], mine[4]["data"]["why"]) == (champion, changes[4]["why"])
    secret, verify = "whsec_" + base64.b64encode(KEY).decode(), documented_verify()
    for message in receiver.messages:
        assert verify(secret, {name.lower(): value for name, value in message.headers.items()}, message.body)
        assert message.told["id"] == {n.lower(): v for n, v in message.headers.items()}["webhook-id"]


def test_what_was_not_taken_is_sent_again_until_it_is(
    board: MemoryBoard, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.statuses = [500, 503, 302, 429]
    ref = submit(board, receiver.address("/s3cret"))
    board.stand(ref, state="running")
    with telling(board):
        wait_until(lambda: receiver.states() == ["running"])
        board.stand(ref, state="paused")
        wait_until(lambda: receiver.states() == ["running", "paused"])
    assert receiver.statuses == []
    said = [record.getMessage() for record in caplog.records if record.name == courier.__name__]
    assert said == [f"127.0.0.1 has not heard about {ref} yet: it answered 500"]
    assert "s3cret" not in caplog.text


def test_exactly_what_was_missed_is_told_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    settings = NotifySettings.read({"SWEEPS_NOTIFY_HOSTS": receiver.host, "SWEEPS_NOTIFY": receiver.address("/all")})
    executor = IdleExecutor()
    board = open_board(tmp_path, executor, notify=settings)
    ref = submit(board, receiver.address("/mine"))
    executor.running.add(ref)
    board.refresh()
    with telling(board):
        wait_until(lambda: receiver.states() == ["running", "running"])
    board.wish(ref, "pause", "ann")
    executor.running.clear()
    board.look_again()
    tried: list[str] = []

    async def unreachable(host: str, port: int) -> list[IPAddress]:
        tried.append(host)
        raise OSError("no network")

    with telling(board, resolve=unreachable):
        wait_until(lambda: len(tried) > 4)
    assert len(receiver.messages) == 2
    later = open_board(tmp_path, executor, notify=settings)
    later.refresh()
    with telling(later):
        wait_until(lambda: receiver.states()[2:] == ["paused", "paused"])
        later.wish(ref, "cancel", "ann")
        wait_until(lambda: receiver.states()[4:] == ["cancelled", "cancelled"])
    assert sorted(message.path for message in receiver.messages) == ["/all"] * 3 + ["/mine"] * 3


def test_a_taken_message_is_not_sent_again_by_any_service(board: MemoryBoard, receiver: Receiver) -> None:
    ref, other = submit(board, receiver.address()), submit(board, receiver.address(), seed=1)
    board.stand(ref, state="running")
    with telling(board):
        wait_until(lambda: list(board.root.rglob("told/*.json")) != [])
    with telling(board):
        board.stand(other, state="paused")
        wait_until(lambda: "paused" in receiver.states())
    assert receiver.states() == ["running", "paused"]


def test_who_is_added_to_a_sweep_at_rest_hears_how_it_stands(board: MemoryBoard, receiver: Receiver) -> None:
    ref = submit(board)
    board.stand(ref, state="finished")
    with telling(board):
        assert submit(board, receiver.address()) == ref
        wait_until(lambda: receiver.states() == ["finished"])


def test_a_notice_is_given_up_after_three_days(board: MemoryBoard, receiver: Receiver) -> None:
    ref, fresh = submit(board, receiver.address()), submit(board, receiver.address(), seed=1)
    long_ago = datetime.now(UTC) - timedelta(days=3, seconds=1)
    Notices(board.files(ref)).note(board.stand(ref, state="running"), long_ago)
    with telling(board):
        board.stand(fresh, state="paused")
        wait_until(lambda: receiver.states() == ["paused"])
        board.stand(ref, state="paused")
        wait_until(lambda: receiver.states() == ["paused", "paused"])


def test_damaged_files_of_one_sweep_keep_no_other_from_being_told(board: MemoryBoard, receiver: Receiver) -> None:
    damaged, sound = submit(board, receiver.address()), submit(board, receiver.address(), seed=1)
    (path,) = (board.files(damaged).notices / "to").iterdir()
    path.write_text("{")
    for ref in (damaged, sound):
        board.stand(ref, state="running")
    with telling(board):
        wait_until(lambda: [message.told["data"]["ref"] for message in receiver.messages] == [sound])


def test_a_receiver_that_hangs_keeps_nobody_waiting(
    board: MemoryBoard, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receive() as other:
        other.answers.clear()
        board.notify = NotifySettings.read({"SWEEPS_NOTIFY_HOSTS": f"{receiver.host},{other.host}"})
        slow, quick = submit(board, other.address()), submit(board, receiver.address(), seed=1)
        with telling(board):
            board.stand(slow, state="running")
            wait_until(lambda: other.asked > 0)
            board.stand(quick, state="running")
            wait_until(lambda: receiver.states() == ["running"])
            assert other.messages == []
            other.answers.set()
            wait_until(lambda: other.states() == ["running"])


def test_waits_double_up_to_an_hour_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert [wait_seconds(failures, 0.0) for failures in (0, 1, 2, 10, 11, 1000)] == [2, 4, 8, 2048, 3600, 3600]
    assert [wait_seconds(1, jitter) for jitter in (0.5, 1.0)] == [3, 2]


def test_what_is_told_is_json_of_one_line(board: MemoryBoard, receiver: Receiver) -> None:
    ref = submit(board, receiver.address())
    board.stand(ref, state="failed", why='said "no"\n\u2028 é')
    with telling(board):
        wait_until(lambda: receiver.messages != [])
    (message,) = receiver.messages
    assert b"\n" not in message.body
    assert json.loads(message.body)["data"]["why"] == 'said "no"\n\u2028 é'
