"""Server-sent events: read line by line, and followed over lost connections."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from sweeps import Client, caller
from sweeps.errors import ServiceError
from sweeps.event_stream import Event, read_events
from tests.running_service import serve
from tests.sweep_on_disk import small_spec

SPEC = small_spec()

TOKEN = "swp_0123456789ab_" + "s" * 43


def test_lines_become_events_by_the_standard() -> None:
    text = 'event: a\ndata: {"x":\ndata: 1}\nid: 7\n\n: ping\n\ndata:{}\nid\n\nevent: empty\n\ndata: {"cut": 1}'
    assert list(read_events(text.split("\n"))) == [Event("a", {"x": 1}, "7"), Event("message", {}, "")]


@pytest.mark.parametrize("data", ["", "x", "[]", '{"x": 1'])
def test_what_tells_no_object_is_no_event_of_ours(data: str) -> None:
    with pytest.raises(ServiceError, match="an event must tell a JSON object"):
        list(read_events([f"data: {data}", ""]))


def test_a_sweep_is_followed_until_it_has_ended(tmp_path: Path) -> None:
    with serve(tmp_path) as service, Client(service.url, service.token(), patience_seconds=0) as client:
        ref = service.add_finished(SPEC)
        events = list(client.events(ref))
        told = [(e.data["trial"], e.data["rung"]) for e in events if e.kind == "evaluation"]
        assert sorted(told) == [(0, 0), (0, 1), (1, 0), (2, 0), (3, 0), (4, 0)]
        assert [event.data["state"] for event in events if event.kind == "state"] == ["finished"]
        numbered = [event for event in events if event.id]
        assert [event for event in client.events(ref, numbered[2].id) if event.id] == numbered[3:]


class Broken(httpx2.SyncByteStream):
    """A text whose connection is lost at its end."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __iter__(self) -> Iterator[bytes]:
        yield self.text.encode()
        raise httpx2.RemoteProtocolError("peer closed connection")


def test_a_lost_stream_goes_on_after_the_last_event_and_a_refusal_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "sleep", lambda _: None)
    answers = [
        httpx2.Response(200, stream=Broken("event: a\ndata: {}\nid: 1\n\nevent: state\ndata: {}\n\nevent: b\nda")),
        httpx2.Response(200, stream=Broken("")),
        httpx2.Response(200, text="event: b\ndata: {}\nid: 2\n\n"),
        httpx2.Response(200, stream=Broken("")),
        httpx2.Response(404, json={"detail": "gone"}, headers={"Content-Type": "application/problem+json"}),
    ]
    asked: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.headers.get("last-event-id"))
        return answers[len(asked) - 1]

    client = Client("http://x", TOKEN, transport=httpx2.MockTransport(answer))
    assert [event.kind for event in client.events(SPEC.sweep_id)] == ["a", "state", "b"]
    assert asked == [None, "1", "1"]
    with pytest.raises(ServiceError, match="gone"):
        list(client.events(SPEC.sweep_id, "2"))
    assert asked[3:] == ["2", "2"]
