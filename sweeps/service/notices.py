"""What is told about a sweep, to whom, and what has been told already: facts beside its results, and nothing else.

`notices/to/<key>.json` is an address that asked, `notices/<n>.json` a change of state as it is told, byte for byte, and
`notices/told/<n>-<key>.json` says that this address has taken it. None of them ever changes, so what is still to be
told follows from them at any moment, in whichever service looks.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sweeps.errors import Fault, SpecError, StorageError
from sweeps.execution.storage import SweepFiles, write_once
from sweeps.service.tokens import without_tokens
from sweeps.service.view import SweepView
from sweeps.web_address import WebAddress

__all__ = ["Delivery", "Notice", "Notices", "settle"]

TOLD_STATES = ("running", "paused", "cancelled", "finished", "failed")
"""The others are on the way to one of these."""

MOST_ADDRESSES = 20
"""Of one sweep: whoever may submit may add some, again and again."""

LONGEST_WHY = 2_000

OWNER_ONLY = 0o600
"""Addresses may hold secrets of receivers."""


@dataclass(frozen=True)
class Notice:
    """One change of a sweep's state, as it is told.

    Attributes:
        number: From 1, in the order in which they happened.
        id: The same for whoever hears it, and however often.
        noted: When the service saw it.
        stood: The sweep's state then, and why.
        body: JSON, as it is sent.
    """

    number: int
    id: str
    noted: datetime
    stood: tuple[str, str]
    body: bytes


@dataclass(frozen=True)
class Delivery:
    """A notice that an address has not taken yet."""

    notice: Notice
    address: WebAddress
    receipt: Path


@dataclass(frozen=True)
class Notices:
    """The notices of one sweep, whose files these are."""

    files: SweepFiles

    @property
    def are_wanted(self) -> bool:
        """Whether anybody asked to be told."""
        return self._to.is_dir()

    def subscribe(self, addresses: Iterable[WebAddress]) -> None:
        """Tell an address about the sweep: how it stands now, and whatever follows.

        Raises:
            SpecError: They are too many, together with those that asked before.
            StorageError: The folder cannot be written.
        """
        wanted = {self._to / f"{_key(address)}.json": address for address in addresses}
        there = set(self._to.glob("*.json"))
        if len(there | set(wanted)) > MOST_ADDRESSES:
            rule = f"a sweep tells at most {MOST_ADDRESSES} addresses, with those of earlier submissions"
            raise SpecError([Fault("notify", rule, str(len(there | set(wanted))), "Leave some out.")])
        since = len(self._noted())
        for path, address in wanted.items():
            write_once(path, json.dumps({"address": str(address), "since": since}).encode(), mode=OWNER_ONLY)

    def note(self, view: SweepView, now: datetime) -> None:
        """Write down how a sweep stands, if that is to be told and is not what was told last.

        Raises:
            StorageError: A file is damaged, or the folder cannot be written.
        """
        if view.state not in TOLD_STATES or not self.are_wanted:
            return
        number, why = len(self._noted()) + 1, without_tokens(view.why)[-LONGEST_WHY:]
        if number == 1 or self._read(number - 1).stood != (view.state, why):
            told = {
                "id": f"msg_{uuid.uuid4().hex}",
                "type": f"sweep.{view.state}",
                "timestamp": now.isoformat(timespec="milliseconds"),
                "data": {"number": number, **_told(view), "why": why},
            }
            write_once(self._notice(number), json.dumps(told).encode())

    def pending(self) -> list[Delivery]:
        """Return what is still to be told to whom, in the order in which it happened.

        Raises:
            StorageError: A file is damaged.
        """
        told = {path.name for path in self._told.glob("*.json")}
        notices = {number: self._read(number) for number in self._noted()} if self.are_wanted else {}
        return [
            Delivery(notices[number], address, self._told / receipt)
            for number in sorted(notices)
            for key, (address, since) in self._addresses().items()
            if number >= since and (receipt := f"{number}-{key}.json") not in told
        ]

    @property
    def _to(self) -> Path:
        return self.files.notices / "to"

    @property
    def _told(self) -> Path:
        return self.files.notices / "told"

    def _notice(self, number: int) -> Path:
        return self.files.notices / f"{number}.json"

    def _noted(self) -> list[int]:
        return sorted(int(path.stem) for path in self.files.notices.glob("*.json") if path.stem.isdecimal())

    def _read(self, number: int) -> Notice:
        path = self._notice(number)
        content = self.files.read_json(path) or {}
        try:
            noted = datetime.fromisoformat(content["timestamp"]).astimezone(UTC)
            stood = content["data"]["state"], content["data"]["why"]
            return Notice(number, str(content["id"]), noted, stood, path.read_bytes())
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise StorageError(f"{path} must be a whole notice, but is not. Restore the file, or remove it.") from error

    def _addresses(self) -> dict[str, tuple[WebAddress, int]]:
        return {path.stem: self._address(path) for path in sorted(self._to.glob("*.json"))}

    def _address(self, path: Path) -> tuple[WebAddress, int]:
        content = self.files.read_json(path) or {}
        try:
            return WebAddress.parse(content["address"]), int(content["since"])
        except (KeyError, TypeError, ValueError) as error:
            # Not the cause: it quotes an address, which may hold a secret.
            raise StorageError(f"{path} must hold an address, but does not. Remove it, then submit again.") from error


def settle(delivery: Delivery, status: int, now: datetime) -> None:
    """Write down that an address has taken a notice, or never will.

    Raises:
        StorageError: The folder cannot be written.
    """
    receipt = {"status": status, "at": now.isoformat(timespec="milliseconds")}
    write_once(delivery.receipt, json.dumps(receipt).encode())


def _key(address: WebAddress) -> str:
    return hashlib.sha256(str(address).encode()).hexdigest()[:16]


def _told(view: SweepView) -> dict[str, Any]:
    names = ("ref", "project", "sweep_id", "name", "model", "dataset", "objective", "state")
    counts = ("evaluations", "planned", "attempts", "champion")
    return {name: getattr(view, name) for name in (*names, *counts)}
