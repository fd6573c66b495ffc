"""An address that a service is to write to: read once, in one form, with nothing in it that could be read two ways."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal, Self

__all__ = ["MAX_CHARACTERS", "WebAddress"]

MAX_CHARACTERS = 500

FORM = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?",
    re.IGNORECASE,
)
"""No user, no fragment, no backslash and nothing but ASCII: what parsers of addresses disagree about."""

DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class WebAddress:
    """Where a message goes.

    Attributes:
        scheme: `http` only for this machine itself.
        host: A name or an IP address, in lower case and without brackets.
        port: From 1 to 65,535.
        target: Path and query, beginning with a slash; may hold a secret of the receiver's.
    """

    scheme: Literal["https", "http"]
    host: str
    port: int
    target: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address that a text gives.

        Raises:
            ValueError: It gives none; the message says `rule, but got value`.
        """
        match = FORM.fullmatch(text) if len(text) <= MAX_CHARACTERS else None
        if match is None:
            rule = f"an address is https://host/path, of at most {MAX_CHARACTERS} plain characters, without user or #"
            raise ValueError(f"{rule}, but got {text!r}")
        scheme, host = match["scheme"].lower(), match["host"].lower().strip("[]")
        port = int(match["port"] or DEFAULT_PORTS[scheme])
        if not 1 <= port <= 65_535 or (match["host"].startswith("[") and _ip(host) is None):
            raise ValueError(f"an address has a host and a port from 1 to 65535, but got {text!r}")
        if scheme == "http" and not _is_this_machine(host):
            raise ValueError(f"an address is https, or http on this machine itself, but got {text!r}")
        return cls("https" if scheme == "https" else "http", host, port, match["target"] or "/")

    @property
    def authority(self) -> str:
        """Host and port as they are written; the port only if it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def _is_this_machine(host: str) -> bool:
    address = _ip(host)
    return host == "localhost" if address is None else address.is_loopback


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
