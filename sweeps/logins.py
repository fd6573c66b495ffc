"""Which service is meant, and with which token: as asked, as the environment says, or as `sweeps login` kept it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sweeps.errors import StorageError, SweepError
from sweeps.execution.storage import write_atomically

__all__ = ["Logins", "choose_server", "choose_token", "is_on_this_machine", "server_address"]

OWNER_ONLY = 0o600

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Logins:
    """The tokens that this user has for services: a file that nobody else may read.

    Attributes:
        path: The file: a JSON object from addresses to tokens, the latest login last.
    """

    path: Path

    @classmethod
    def of_user(cls, environment: Mapping[str, str] = os.environ) -> "Logins":
        """Return those of this user: in `$XDG_CONFIG_HOME`, else in `~/.config`."""
        folder = Path(environment.get("XDG_CONFIG_HOME") or "~/.config")
        return cls(folder.expanduser() / "sweeps" / "logins.json")

    def read(self) -> dict[str, str]:
        """Return the tokens by address, the latest login last.

        Raises:
            StorageError: The file is damaged, or cannot be read.
        """
        try:
            known = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):  # its text, which an error would quote, holds tokens
            known = None
        if not isinstance(known, dict) or not all(isinstance(token, str) for token in known.values()):
            raise StorageError(f"{self.path} must hold logins, but cannot be read as such. Delete it and log in again.")
        return known

    def keep(self, server: str, token: str) -> None:
        """Keep a token, as the latest login.

        Raises:
            StorageError: The file cannot be read or written.
        """
        others = {address: kept for address, kept in self.read().items() if address != server}
        self._write({**others, server: token})

    def forget(self, server: str) -> bool:
        """Forget a service's token; return whether there was one.

        Raises:
            StorageError: The file cannot be read or written.
        """
        known = self.read()
        if server not in known:
            return False
        self._write({address: token for address, token in known.items() if address != server})
        return True

    def _write(self, known: dict[str, str]) -> None:
        write_atomically(self.path, json.dumps(known, indent=1).encode(), mode=OWNER_ONLY)


def choose_server(server: str | None, logins: Logins | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of the service that is meant: the one given, else `$SWEEPS_SERVER`, else the latest login.

    Raises:
        SweepError: There is none, or it is no address.
    """
    asked = server or environment.get("SWEEPS_SERVER") or next(reversed((logins or Logins.of_user()).read()), None)
    if asked is None:
        rule = "this needs a service, but none is named by --server, $SWEEPS_SERVER or `sweeps login`"
        raise SweepError(f"{rule}. Start one with `sweeps serve`, or log in with `sweeps login URL`.")
    return server_address(asked)


def choose_token(
    server: str, token: str | None, logins: Logins | None = None, environment: Mapping[str, str] = os.environ
) -> str:
    """Return the token for a service: the one given, else `$SWEEPS_TOKEN`, else the one of its login.

    Raises:
        SweepError: There is none, or it is no token.
    """
    chosen = token or environment.get("SWEEPS_TOKEN") or (logins or Logins.of_user()).read().get(server)
    if chosen is None:
        raise SweepError(f"{server} needs a token, but there is none. `sweeps login {server}`, or set $SWEEPS_TOKEN.")
    if not (chosen.startswith("swp_") and chosen.isascii() and chosen.isprintable() and " " not in chosen):
        raise SweepError("a token begins with swp_ and is one word, but got another. `sweeps token create` makes one.")
    return chosen


def server_address(given: str) -> str:
    """Return an address in its one form: without a slash at the end.

    Raises:
        SweepError: It is no address of a service.
    """
    try:
        parts = urlsplit(given)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or "@" in parts.netloc or parts.query or parts.fragment or not given.isprintable():
        # What was given may hold a password or a token.
        raise SweepError("a service's address reads as http://127.0.0.1:8000, but got another. Write it so.")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_on_this_machine(address: str) -> bool:
    """Tell whether what is sent to an address never leaves this machine."""
    return urlsplit(address).hostname in LOOPBACK
