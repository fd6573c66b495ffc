"""What happened in a sweep: in order, each thing once, from wherever a stream broke off."""

import json
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import anyio
import pytest

from sweeps.errors import StorageError
from sweeps.execution.storage import Home, SweepFiles
from sweeps.service.board import SweepView
from sweeps.service.events import stream
from sweeps.service.timeline import MOST, Event, Timeline, Timelines, parse_id
from tests.service.conftest import Caller, Service
from tests.sweep_on_disk import RAW, begin, finish, small_spec

SPEC = small_spec(folds=2, hyperband={"max_epochs": 9})

LATER = 2**62
"""A time by which every file has been written for long."""


def timeline_of(files: SweepFiles) -> Timeline:
    return Timeline(files, clock_ns=lambda: LATER)


def kinds(events: list[Event], kind: str) -> list[dict[str, Any]]:
    return [event.data for event in events if event.kind == kind]


def test_every_result_and_every_promotion_is_told_once(home: Home) -> None:
    files = begin(home, SPEC)
    events = timeline_of(files).after(None)
    results = {(result.trial, result.rung): result for result in files.results()}
    told = kinds(events, "evaluation")
    assert sorted((each["trial"], each["rung"]) for each in told) == sorted(results)
    assert all(each["mean"] == results[each["trial"], each["rung"]].mean for each in told)
    promotions = {(each["bracket"], each["rung"]): each["trials"] for each in kinds(events, "promotion")}
    expected: dict[tuple[int, int], list[int]] = {}
    for trial, rung in sorted(results):
        if rung:
            expected.setdefault((results[trial, rung].bracket, rung), []).append(trial)
    assert promotions == expected
    assert len(kinds(events, "promotion")) == 3


def test_a_promotion_follows_the_result_that_it_waited_for(home: Home) -> None:
    events = timeline_of(begin(home, SPEC)).after(None)
    for position, event in enumerate(events):
        if event.kind == "promotion":
            below = {
                each.data["trial"]
                for each in events[:position]
                if each.kind == "evaluation"
                and (each.data["bracket"], each.data["rung"]) == (event.data["bracket"], event.data["rung"] - 1)
            }
            planned = SPEC.ladder().brackets[event.data["bracket"]].rungs[event.data["rung"] - 1].trials
            assert len(below) == planned


def test_whoever_comes_back_hears_the_rest_in_another_process_too(home: Home) -> None:
    files = begin(home, SPEC)
    events = timeline_of(files).after(None)
    assert events == timeline_of(files).after(None)
    for position, event in enumerate(events):
        assert timeline_of(files).after(parse_id(str(event.id))) == events[position + 1 :]


def test_what_comes_meanwhile_is_told_after_what_was_there(home: Home) -> None:
    files = begin(home, SPEC, evaluations=5)
    timeline = timeline_of(files)
    first = timeline.after(None)
    begin(home, SPEC)
    second = timeline.after(first[-1].id)
    assert first + second == timeline_of(files).after(None)
    assert kinds(second, "evaluation")


def test_a_result_is_told_once_nothing_can_come_before_it(home: Home) -> None:
    files = begin(home, SPEC, evaluations=1)
    ((trial, rung),) = files.evaluations()
    written = files.result(trial, rung).stat().st_ctime_ns
    now = written
    timeline = Timeline(files, clock_ns=lambda: now)
    assert timeline.after(None) == []
    now = written + 1_000_000_000
    assert len(timeline.after(None)) == 1


def test_a_damaged_result_is_named(home: Home) -> None:
    files = begin(home, SPEC, evaluations=2)
    files.result(1, 0).write_text("{")
    with pytest.raises(StorageError):
        timeline_of(files).after(None)


def test_a_damaged_result_is_told_before_a_stream_begins(service: Service, user: Caller) -> None:
    ref = user.post("/api/v1/sweeps", RAW, 201)["sweep"]["ref"]
    files = finish(Home(service.board.root), small_spec())
    files.result(1, 0).write_text("{")
    service.client.app.state.desk.timelines.of(files).clock_ns = lambda: LATER  # type: ignore[attr-defined]
    assert user.get(f"/api/v1/sweeps/{ref}/events", 503)["type"] == "urn:sweeps:problem:storage-trouble"


def test_timelines_are_shared_and_only_the_latest_are_kept(home: Home) -> None:
    timelines = Timelines()
    first = timelines.of(home.sweep("a"))
    assert timelines.of(home.sweep("a")) is first
    for number in range(MOST):
        timelines.of(home.sweep(str(number)))
    assert timelines.of(home.sweep("a")) is not first


def parse(text: str) -> list[tuple[str, dict[str, Any], str | None]]:
    """Return kind, data and id of each event, by the rules of the standard."""
    events = []
    for block in text.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        events.append((fields["event"], json.loads(fields["data"]), fields.get("id")))
    return events


def follow(
    service: Service, ref: str, views: Iterator[SweepView | None]
) -> list[tuple[str, dict[str, Any], str | None]]:
    async def run() -> str:
        timeline = timeline_of(service.board.files(ref))
        return b"".join([part async for part in stream(timeline, None, lambda: next(views))]).decode()

    return parse(anyio.run(run))


def test_a_stream_tells_what_led_to_a_state_before_the_state(service: Service, user: Caller) -> None:
    ref = user.post("/api/v1/sweeps", RAW, 201)["sweep"]["ref"]
    home, spec = Home(service.board.root), small_spec()

    def views() -> Iterator[SweepView]:
        yield service.board.stand(ref, state="queued")
        begin(home, spec, evaluations=2)
        yield service.board.stand(ref, state="running", evaluations=2)
        yield service.board.view(ref)
        files = finish(home, spec)
        champion = (files.read_json(files.conclusion) or {})["champion"]
        while True:
            yield service.board.stand(ref, state="finished", evaluations=6, champion=champion)

    told = follow(service, ref, views())
    names = [kind for kind, _, _ in told]
    assert names == [
        "state",
        *["evaluation"] * 2,
        "state",
        "evaluation",
        "promotion",
        *names[6:-2],
        "champion",
        "state",
    ]
    assert (names.count("evaluation"), names.count("promotion")) == (6, 1)
    assert [data["state"] for kind, data, _ in told if kind == "state"] == ["queued", "running", "finished"]
    assert all((identity is None) == (kind in ("state", "champion")) for kind, _, identity in told)


def test_what_was_written_just_before_the_end_is_told_too(service: Service, user: Caller) -> None:
    ref = user.post("/api/v1/sweeps", RAW, 201)["sweep"]["ref"]
    files = finish(Home(service.board.root), small_spec())
    service.board.stand(ref, state="finished")
    clock = chain([0], repeat(LATER))

    async def run() -> str:
        timeline = Timeline(files, clock_ns=lambda: next(clock))
        return b"".join([part async for part in stream(timeline, None, lambda: service.board.view(ref))]).decode()

    assert [kind for kind, _, _ in parse(anyio.run(run))].count("evaluation") == 6


def test_events_are_resumed_by_the_last_id(service: Service, user: Caller) -> None:
    ref = user.post("/api/v1/sweeps", RAW, 201)["sweep"]["ref"]
    files = finish(Home(service.board.root), small_spec())
    service.board.stand(ref, state="finished")
    service.client.app.state.desk.timelines.of(files).clock_ns = lambda: LATER  # type: ignore[attr-defined]
    path = f"/api/v1/sweeps/{ref}/events"
    answer = user.ask("GET", path)
    assert answer.headers["content-type"].startswith("text/event-stream")
    whole = parse(answer.text)
    assert [kind for kind, _, _ in whole].count("evaluation") == 6
    third = whole[2][2]
    assert third is not None
    assert parse(user.ask("GET", path, headers={"Last-Event-ID": third}).text) == whole[3:]


@pytest.mark.parametrize(
    "last", ["x", "1", "1-2-3", "1-2-3-4-5", "-1-2-3-4", "1-2-3-x", "9" * 30 + "-1-1-1", "²-1-1-1"]
)
def test_an_id_that_no_stream_gave_is_refused(user: Caller, last: str) -> None:
    ref = user.post("/api/v1/sweeps", RAW, 201)["sweep"]["ref"]
    answer = user.ask("GET", f"/api/v1/sweeps/{ref}/events", headers={"Last-Event-ID": last.encode()})  # type: ignore[dict-item]
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["faults"]] == ["header.last-event-id"]
