"""Server-sent events, read: lines become events, and a stream that is lost goes on where it was."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sweeps.caller import Caller, LostError
from sweeps.errors import ServiceError

__all__ = ["Event", "follow_events", "read_events"]


@dataclass(frozen=True)
class Event:
    """Something that happened in a sweep.

    Attributes:
        kind: `evaluation`, `promotion`, `champion` or `state`.
        data: What the service tells of it.
        id: Where in the stream it stands; empty for what says how the sweep stands now.
    """

    kind: str
    data: dict[str, Any]
    id: str = ""


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """Yield the events that the lines of a stream tell (HTML standard, section 9.2.6); one cut short is none.

    Raises:
        ServiceError: What an event tells is no JSON object.
    """
    fields: dict[str, str] = {}
    for line in lines:
        if not line:
            if "data" in fields:
                yield Event(fields.get("event", "message"), _object(fields["data"]), fields.get("id", ""))
            fields = {}
        name, _, value = line.partition(":")
        if name:
            said = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{said}" if name == "data" and name in fields else said


def follow_events(caller: Caller, path: str, last_id: str | None) -> Iterator[Event]:
    """Yield the events after one, until the service ends the stream; a lost connection is made anew.

    Raises:
        ServiceError: The service refuses, or stays away for longer than the caller has patience.
    """
    while True:
        try:
            headers = {"Last-Event-ID": last_id} if last_id else {}
            for event in read_events(caller.lines(path, headers=headers)):
                last_id = event.id or last_id
                yield event
        except LostError:
            caller.rest()
        else:
            return


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ServiceError("an event must tell a JSON object, but tells another text. Check the address.")
    return data
