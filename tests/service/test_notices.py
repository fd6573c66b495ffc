"""What is told about a sweep follows from files: noted once, told to each, and known to be told."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sweeps.errors import SpecError, StorageError
from sweeps.execution.storage import SweepFiles
from sweeps.service.notices import Notices, settle
from sweeps.service.view import SweepView
from sweeps.web_address import WebAddress
from tests.service.memory_board import MemoryBoard
from tests.sweep_on_disk import small_spec

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

ONE, TWO = WebAddress.parse("https://one.example.org/s3cret"), WebAddress.parse("https://two.example.org/")


@pytest.fixture
def view(odd_path: Path) -> SweepView:
    return MemoryBoard(odd_path).submit(small_spec(), project="default", priority=0, by="ann", key="")[0]


@pytest.fixture
def notices(odd_path: Path, view: SweepView) -> Notices:
    return Notices(SweepFiles(odd_path / "sweeps" / view.sweep_id, view.sweep_id))


def told(notices: Notices) -> list[tuple[str, str, int]]:
    """Return host, state and number of what is pending."""
    return [
        (each.address.host.partition(".")[0], json.loads(each.notice.body)["data"]["state"], each.notice.number)
        for each in notices.pending()
    ]


def test_nothing_is_written_for_a_sweep_that_nobody_asked_about(notices: Notices, view: SweepView) -> None:
    notices.note(replace(view, state="running"), NOW)
    assert not notices.files.notices.exists()
    assert notices.pending() == []


def test_each_change_is_noted_once_and_told_to_each(notices: Notices, view: SweepView) -> None:
    notices.subscribe([ONE, TWO, ONE])
    for state in ("queued", "running", "running", "pausing", "paused", "queued", "running", "queued", "running"):
        notices.note(replace(view, state=state), NOW)
        notices.note(replace(view, state=state), NOW)
    expected = [("running", 1), ("paused", 2), ("running", 3)]
    assert sorted(told(notices)) == sorted((host, *each) for host in ("one", "two") for each in expected)
    for delivery in notices.pending()[:4]:
        settle(delivery, 204, NOW)
    again = Notices(notices.files)
    assert {each[1:] for each in told(again)} == {("running", 3)}
    assert len(told(again)) == 2


def test_a_notice_says_what_is_known_and_is_the_same_whenever_it_is_read(notices: Notices, view: SweepView) -> None:
    notices.subscribe([ONE])
    champion = {"trial": 4, "mean": 0.5}
    notices.note(replace(view, state="finished", champion=champion, evaluations=22), NOW)
    (delivery,) = notices.pending()
    assert delivery == notices.pending()[0]
    body = json.loads(delivery.notice.body)
    assert body.pop("id") == delivery.notice.id
    assert delivery.notice.id.startswith("msg_")
    assert delivery.notice.noted == NOW
    assert body == {
        "type": "sweep.finished",
        "timestamp": "2026-01-02T03:04:05.000+00:00",
        "data": {
            "number": 1,
            "ref": view.ref,
            "project": "default",
            "sweep_id": view.sweep_id,
            "name": "small",
            "model": "beta_vae",
            "dataset": "digits",
            "objective": "fid",
            "state": "finished",
            "why": "",
            "evaluations": 22,
            "planned": view.planned,
            "attempts": 0,
            "champion": champion,
        },
    }


def test_a_failure_for_another_reason_is_told_again_and_holds_no_token(notices: Notices, view: SweepView) -> None:
    notices.subscribe([ONE])
    token = "swp_0123456789ab_" + "A" * 43
    for why in ("x" * 5000, f"its log ends with {token}", f"its log ends with {token}"):
        notices.note(replace(view, state="failed", why=why), NOW)
    bodies = [json.loads(each.notice.body) for each in notices.pending()]
    assert [body["data"]["why"] for body in bodies] == ["x" * 2000, "its log ends with swp_…"]


def test_who_asks_later_hears_how_it_stands_and_what_follows(notices: Notices, view: SweepView) -> None:
    notices.subscribe([ONE])
    for state in ("running", "paused"):
        notices.note(replace(view, state=state), NOW)
    notices.subscribe([TWO, ONE])
    notices.note(replace(view, state="cancelled"), NOW)
    assert [each for each in told(notices) if each[0] == "two"] == [("two", "paused", 2), ("two", "cancelled", 3)]
    assert len(told(notices)) == 5


def test_addresses_are_read_by_the_owner_alone_and_are_not_too_many(notices: Notices) -> None:
    notices.subscribe([ONE])
    (path,) = (notices.files.notices / "to").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    assert "s3cret" not in path.name
    notices.subscribe(WebAddress.parse(f"https://one.example.org/{number}") for number in range(19))
    with pytest.raises(SpecError, match="at most 20 addresses"):
        notices.subscribe([TWO])
    notices.subscribe([ONE])
    assert len(list((notices.files.notices / "to").iterdir())) == 20


HALF = '{"id": "msg_0", "timestamp": "2026-01-02T03:04:05+00:00", "data": {}}'


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"address": "x", "since": 0}', HALF])
def test_damaged_files_are_named_and_not_quoted(notices: Notices, view: SweepView, text: str) -> None:
    notices.subscribe([ONE])
    notices.note(replace(view, state="running"), NOW)
    for path in [*notices.files.notices.glob("*.json"), *notices.files.notices.glob("to/*.json")]:
        whole = path.read_bytes()
        path.write_text(text)
        with pytest.raises(StorageError, match=path.name):
            notices.pending()
        if path.parent == notices.files.notices:
            with pytest.raises(StorageError, match=path.name):
                notices.note(replace(view, state="paused"), NOW)
        path.write_bytes(whole)
    assert len(notices.pending()) == 1
