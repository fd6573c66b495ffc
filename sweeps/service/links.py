"""Links that sign a browser in: each holds a code that is good once and for minutes, and no token.

A code is a file that is removed by whoever uses it; its name is a hash, so that looking at it is of no use.
"""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sweeps.errors import StorageError
from sweeps.execution.storage import write_atomically, write_once
from sweeps.service.tokens import Token, Tokens

__all__ = ["MINUTES", "Links", "link_to", "page_of"]

MINUTES = 15
"""How long a link is good."""

CODE = re.compile(r"[A-Za-z0-9_-]{43}")
OWNER_ONLY = 0o600


@dataclass(frozen=True)
class Links:
    """The links of a service that were not used yet.

    Attributes:
        tokens: Whom they sign in.
        folder: Holds them.
        clock: Tells seconds since 1970.
    """

    tokens: Tokens
    folder: Path
    clock: Callable[[], float] = time.time

    @classmethod
    def of(cls, tokens: Tokens) -> "Links":
        """Return the links of the service whose tokens these are."""
        return cls(tokens, tokens.folder.parent / "links")

    def make(self, token: Token) -> str:
        """Return a new code that signs a browser in with a token.

        Side effect: codes that nobody used in time are removed.

        Raises:
            StorageError: The folder cannot be written.
        """
        for path in list(self.folder.glob("*.json")):
            if self._read(path)[1] <= self.clock():
                path.unlink(missing_ok=True)
        code, ends = secrets.token_urlsafe(32), int(self.clock()) + MINUTES * 60
        write_once(self._file(code), json.dumps({"token": token.id, "ends": ends}).encode(), mode=OWNER_ONLY)
        return code

    def use(self, code: str) -> Token | None:
        """Return the token that a code stands for, the first time and in time; else None.

        Raises:
            StorageError: The code's or the token's file is damaged.
        """
        path = self._file(code)
        if CODE.fullmatch(code) is None or not path.exists():
            return None
        token_id, ends = self._read(path)
        with suppress(FileNotFoundError):
            path.unlink()  # by one alone, of several who use it at once
            return self.tokens.good(token_id) if ends > self.clock() else None
        return None

    def _file(self, code: str) -> Path:
        return self.folder / f"{hashlib.sha256(code.encode()).hexdigest()}.json"

    def _read(self, path: Path) -> tuple[str, int]:
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            return str(stored["token"]), int(stored["ends"])
        except FileNotFoundError:
            return "", 0  # used a moment ago
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StorageError(f"{path} must hold a link, but cannot be read. Remove it.") from error


def link_to(url: str, code: str) -> str:
    """Return the link; a browser keeps what follows `#` to itself, so that no log and no proxy sees the code."""
    return f"{url}/login#code={code}"


def page_of(link: str, folder: Path) -> Path:
    """Return a page for its owner alone that leads to a link: on a browser's command line everybody could read it.

    Raises:
        StorageError: The folder cannot be written.
    """
    path = folder / "open.html"
    page = f'<!doctype html><title>Sweeps</title><meta http-equiv="refresh" content="0; url={link}">\n'
    write_atomically(path, page.encode(), mode=OWNER_ONLY)
    return path
