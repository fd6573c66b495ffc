"""Who may use the service: tokens as files, of which only salted hashes are stored.

A token reads `swp_<id>_<secret>`. Its file never changes; that it was revoked is a second file beside it, so both are
facts that hold from the next request on, in every process. The secret has 256 random bits: nothing slower than one
SHA-256 is needed to keep it from being guessed.
"""

import getpass
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sweeps.errors import StorageError, SweepError
from sweeps.execution.storage import write_once
from sweeps.service.refs import PROJECT_PATTERN

__all__ = ["Role", "Token", "Tokens", "without_tokens"]

TOKEN = re.compile(r"swp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
ID = re.compile(r"[0-9a-f]{12}")
LIKE_TOKENS = re.compile(r"swp_[0-9A-Za-z]+_[A-Za-z0-9_-]+")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@ -]{0,62}")
OWNER_ONLY = 0o600


class Role(StrEnum):
    """What a token may do; each role may also do what those before it may."""

    READ = "read"
    SUBMIT = "submit"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """Tell whether this role may do what another may."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True)
class Token:
    """What is known of a token, without its secret.

    Attributes:
        id: Twelve hexadecimal digits.
        name: Whose it is, or what for.
        role: What it may do.
        projects: Where; None is everywhere.
        created: When, in ISO 8601.
        revoked: Whether it is good no longer.
    """

    id: str
    name: str
    role: Role
    projects: frozenset[str] | None
    created: str
    revoked: bool = False

    def sees(self, project: str) -> bool:
        """Tell whether a project's sweeps exist for this token."""
        return self.projects is None or project in self.projects

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        projects = None if self.projects is None else sorted(self.projects)
        return {
            "id": self.id,
            "name": self.name,
            "role": self.role.value,
            "projects": projects,
            "created": self.created,
            "revoked": self.revoked,
        }


@dataclass(frozen=True)
class Tokens:
    """The tokens of a service.

    Attributes:
        folder: `<home>/service/tokens`; every change adds a line to `audit.log` beside it.
    """

    folder: Path

    @classmethod
    def of(cls, home: Path) -> "Tokens":
        """Return the tokens of the service whose home this is."""
        return cls(home / "service" / "tokens")

    def create(self, name: str, role: Role, projects: Collection[str] | None = None) -> tuple[Token, str]:
        """Make a token and return it with its text, which is told now and never again.

        Raises:
            SweepError: The name or a project cannot be one.
            StorageError: The folder cannot be written.
        """
        _check(name, projects)
        token_id, secret, salt = secrets.token_hex(6), secrets.token_urlsafe(32), secrets.token_hex(16)
        allowed = None if projects is None else frozenset(projects)
        token = Token(token_id, name, role, allowed, created=datetime.now(UTC).isoformat(timespec="seconds"))
        stored = {**token.as_json(), "salt": salt, "sha256": _hash(salt, secret)}
        del stored["revoked"]
        write_once(self._file(token_id), json.dumps(stored).encode(), mode=OWNER_ONLY)
        self._audit("created", token)
        return token, f"swp_{token_id}_{secret}"

    def list(self) -> Sequence[Token]:
        """Return every token, revoked ones too, oldest first.

        Raises:
            StorageError: A token's file is damaged.
        """
        found = [self._read(path)[0] for path in self.folder.glob("*.json")]
        return sorted(found, key=lambda token: (token.created, token.id))

    def administrator(self) -> Token | None:
        """Return the oldest token of an administrator that is good, or None.

        Raises:
            StorageError: A token's file is damaged.
        """
        return next((token for token in self.list() if token.role is Role.ADMIN and not token.revoked), None)

    def revoke(self, token_id: str) -> Token:
        """Make a token worthless; once is enough.

        Raises:
            SweepError: There is no such token.
            StorageError: The folder cannot be written.
        """
        known = {token.id: token for token in self.list()}
        if token_id not in known:
            listed = ", ".join(known) or "none"
            raise SweepError(f"a token is revoked by its id, but got {token_id!r}. There are: {listed}.")
        if write_once(self.folder / f"{token_id}.revoked", b"", mode=OWNER_ONLY):
            self._audit("revoked", known[token_id])
        return replace(known[token_id], revoked=True)

    def verify(self, text: str) -> Token | None:
        """Return the token whose text this is, or None if it is of none that is good now.

        Raises:
            StorageError: The token's file is damaged.
        """
        match = TOKEN.fullmatch(text)
        path = self._file(match[1]) if match else None
        if match is None or path is None or not path.exists():
            return None
        token, salt, expected = self._read(path)
        if not hmac.compare_digest(_hash(salt, match[2]), expected) or token.revoked:
            return None
        return token

    def good(self, token_id: str) -> Token | None:
        """Return a token by its id, or None if there is none or it was revoked.

        Raises:
            StorageError: The token's file is damaged.
        """
        path = self._file(token_id)
        if ID.fullmatch(token_id) is None or not path.exists():
            return None
        token, _, _ = self._read(path)
        return None if token.revoked else token

    def _file(self, token_id: str) -> Path:
        return self.folder / f"{token_id}.json"

    def _read(self, path: Path) -> tuple[Token, str, str]:
        """Return what a file says: the token, the salt and the salted hash of its secret."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            projects = None if stored["projects"] is None else frozenset(stored["projects"])
            token = Token(path.stem, stored["name"], Role(stored["role"]), projects, stored["created"])
            salt, sha256 = str(stored["salt"]), str(stored["sha256"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            # Not the cause: it might quote the file.
            raise StorageError(f"{path} must be a whole token file. Remove it and create another token.") from error
        return replace(token, revoked=path.with_suffix(".revoked").exists()), salt, sha256

    def _audit(self, what: str, token: Token) -> None:
        """Add a line; a single write to a file opened for appending is never mixed with another's."""
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"when": when, "who": _who(), "what": f"token {what}", "token": token.as_json()}) + "\n"
        path = self.folder.parent / "audit.log"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StorageError(f"{path} must be writable, but {error.strerror}. Mend it, then try again.") from error


def without_tokens(text: str) -> str:
    """Return a text in which nothing is left that is, or might be, a token."""
    return LIKE_TOKENS.sub("swp_…", text)


def _hash(salt: str, secret: str) -> str:
    return hashlib.sha256(f"{salt}{secret}".encode()).hexdigest()


def _who() -> str:
    try:
        return f"{getpass.getuser()} in a terminal"
    except (OSError, KeyError):  # a user without a name, as in many containers
        return f"user {os.getuid()} in a terminal"


def _check(name: str, projects: Collection[str] | None) -> None:
    if NAME.fullmatch(name) is None:
        rule = "a token's name is 1 to 63 letters, digits, spaces and . _ @ -, and begins with a letter or digit"
        raise SweepError(f"{rule}, but got {name!r}. Name whose it is, as in ci-runner.")
    for project in projects or ():
        if re.fullmatch(PROJECT_PATTERN, project) is None:
            rule = "a project is 1 to 30 of a-z, 0-9 and '-', and begins with a letter or digit"
            raise SweepError(f"{rule}, but got {project!r}. Write it as in team-a.")
    if projects is not None and not projects:
        raise SweepError("a token's projects are all or some, but got none. Name one, or leave them out for all.")
