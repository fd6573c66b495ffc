"""Long lists in pages: a cursor names the last entry told, so that nothing is repeated or skipped if more comes."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeVar

from sweeps.errors import Fault
from sweeps.service.problems import RequestError

__all__ = ["MOST", "take_page"]

MOST = 200
"""Entries of one page."""

LONGEST_CURSOR = 300

Entry = TypeVar("Entry")

Key = tuple[int | str, ...]
"""What a list is sorted by; entries of one list have keys of the same types."""


def take_page(
    entries: Iterable[Entry], key: Callable[[Entry], Key], *, cursor: str | None, limit: int
) -> tuple[list[Entry], str | None]:
    """Return the entries after a cursor, and the cursor of the next page if there is one.

    Args:
        entries: The whole list, in any order.
        key: What it is sorted by; no two entries have the same.
        cursor: What the page before gave; None begins.
        limit: Entries at most.

    Raises:
        RequestError: The cursor is of no page of such a list.
    """
    ordered = sorted(entries, key=key)
    if cursor is not None and ordered:
        after = _decode(cursor, like=key(ordered[0]))
        ordered = [entry for entry in ordered if key(entry) > after]
    page = list(islice(ordered, limit))
    return page, _encode(key(page[-1])) if len(ordered) > limit else None


def _encode(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _decode(cursor: str, like: Key) -> Key:
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError("too long")
        key: Any = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        key = None
    if not isinstance(key, list) or [type(part) for part in key] != [type(part) for part in like]:
        rule = "a cursor is what the page before gave as `next`"
        raise RequestError(Fault("query.cursor", rule, repr(cursor), "Leave it out to begin."))
    return tuple(key)
