"""What a sweep's process says: its last lines, and what it adds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from sweeps.execution.storage import Home, SweepFiles
from sweeps.service import logs
from sweeps.service.logs import follow, latest_log, tail
from tests.service.conftest import Caller, Service
from tests.sweep_on_disk import RAW, small_spec

SWEEP_ID = small_spec().sweep_id
LOGS = f"/api/v1/sweeps/{SWEEP_ID}/logs"


@pytest.fixture
def files(odd_path: Path) -> SweepFiles:
    files = Home(odd_path).sweep(SWEEP_ID)
    (files.root / "attempts").mkdir(parents=True)
    return files


def write(files: SweepFiles, attempt: int, text: str) -> Path:
    path = files.root / "attempts" / f"{attempt}.log"
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
    return path


@pytest.mark.parametrize("lines", [1, 2, 3, 1000, 9999])
@pytest.mark.parametrize("text", ["", "a", "a\n", "a\nb\nc", "\n\n\n", "é" * 70_000 + "\nb\n", "line\n" * 40_000])
def test_a_tail_is_the_end_of_all_lines(files: SweepFiles, text: str, lines: int) -> None:
    path = write(files, 1, text)
    found, end = tail(path, lines)
    assert found.decode() == "".join(text.splitlines(keepends=True)[-lines:])
    assert end == path.stat().st_size


def test_a_tail_of_endless_lines_is_bounded(files: SweepFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_TAIL_BYTES", 100_000)
    found, _ = tail(write(files, 1, "x" * 500_000), 10)
    assert 100_000 <= len(found) < 200_000


def test_the_latest_attempt_is_the_highest_number(files: SweepFiles) -> None:
    assert latest_log(files) is None
    for attempt in (9, 10, 2):
        write(files, attempt, "x")
    (files.root / "attempts" / "99.json").touch()
    (files.root / "attempts" / "x.log").touch()
    assert latest_log(files) == files.root / "attempts" / "10.log"


def collect(files: SweepFiles, lines: int, is_active: Callable[[], bool]) -> str:
    async def run() -> str:
        return b"".join([part async for part in follow(files, lines, is_active)]).decode()

    return anyio.run(run)


def test_following_tells_what_is_added_over_attempts_until_the_sweep_rests(files: SweepFiles) -> None:
    write(files, 1, "1\n2\n3\n")

    def happenings() -> Iterator[bool]:
        yield True
        write(files, 1, "4\n")
        yield True
        write(files, 1, "5\n")
        write(files, 2, "6\n")
        yield True
        write(files, 2, "7\n")
        yield True
        write(files, 2, "8, written last\n")
        yield False
        yield False

    steps = happenings()
    assert collect(files, 2, lambda: next(steps)) == "2\n3\n4\n5\n6\n7\n8, written last\n"


def test_logs_are_told_as_text(service: Service, user: Caller, files: SweepFiles) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    assert user.ask("GET", LOGS).text == ""
    write(files, 1, "a\nb\nc\n")
    answer = user.ask("GET", f"{LOGS}?lines=2")
    assert (answer.text, answer.headers["content-type"]) == ("b\nc\n", "text/plain; charset=utf-8")


@pytest.mark.parametrize("state", ["paused", "cancelled", "finished", "failed"])
def test_the_log_of_a_sweep_that_rests_ends_though_it_is_followed(
    service: Service, user: Caller, files: SweepFiles, state: str
) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    service.board.stand(SWEEP_ID, state=state)
    write(files, 1, "a\nb\n")
    assert user.ask("GET", f"{LOGS}?lines=1&follow=true").text == "b\n"
