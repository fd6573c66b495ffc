"""Whom a service may write to and whom it always tells: the operator's word, which no spec can widen.

A host is allowed by its exact name and port. A name that is allowed must still resolve to a public address, so that
nobody who owns the name can turn the service against the network it stands in; where an inner address is meant, the
operator says so beside the host.
"""

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sweeps.errors import Fault, SweepError
from sweeps.web_address import WebAddress

__all__ = ["AllowedHost", "IPAddress", "NotifySettings"]

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
TUNNELS = (ipaddress.IPv6Network("2001::/32"), ipaddress.IPv6Network("2002::/16"))
"""Teredo and 6to4: their addresses hold others, which may be private."""

LOOPBACK: tuple[Network, ...] = (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128"))


@dataclass(frozen=True)
class AllowedHost:
    """A host that may be written to.

    Attributes:
        host: Its exact name or IP address.
        port: Its exact port.
        networks: Where its addresses must lie; none of them is anywhere that is public.
    """

    host: str
    port: int
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the host that `host[:port][=network]` allows; an IP address and `localhost` allow themselves.

        Raises:
            ValueError: It allows none; the message says `rule, but got value`.
        """
        place, equals, network = text.partition("=")
        try:
            address = WebAddress.parse(f"https://{place}")
            networks = (ipaddress.ip_network(network),) if equals else _own_networks(address.host)
        except ValueError as error:
            rule = "an allowed host is `host`, `host:port` or `host:port=network`, with a network as in 10.0.0.0/8"
            raise ValueError(f"{rule}, but got {text!r}") from error
        if address.target != "/" or "/" in place:
            raise ValueError(f"an allowed host has no path, but got {text!r}")
        return cls(address.host, address.port, networks)

    def permits(self, address: IPAddress) -> bool:
        """Tell whether an address that the host's name resolves to may be connected to."""
        if self.networks:
            return any(address in network for network in self.networks)
        return _is_public(address)


@dataclass(frozen=True)
class NotifySettings:
    """Whom to tell about sweeps. Without any, nobody is told and no spec may ask for it.

    Attributes:
        addresses: Told of every sweep that is submitted from now on: `$SWEEPS_NOTIFY`, with commas between them.
        hosts: Where addresses may lie, those of specs too: `$SWEEPS_NOTIFY_HOSTS`, with commas between them.
        secret_file: Holds what messages are signed with: `$SWEEPS_NOTIFY_SECRET_FILE`; None keeps it in the home.
    """

    addresses: tuple[WebAddress, ...] = ()
    hosts: tuple[AllowedHost, ...] = ()
    secret_file: Path | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the settings of this process; what is not set, or empty, has its default.

        Raises:
            SweepError: One of them cannot be meant; the text names the variable.
        """
        file = environment.get("SWEEPS_NOTIFY_SECRET_FILE")
        try:
            hosts = tuple(map(AllowedHost.parse, _listed(environment, "SWEEPS_NOTIFY_HOSTS")))
        except ValueError as error:
            raise SweepError(f"$SWEEPS_NOTIFY_HOSTS: {error}. Write it as hooks.example.org,127.0.0.1:9000.") from error
        try:
            addresses = tuple(map(WebAddress.parse, _listed(environment, "SWEEPS_NOTIFY")))
        except ValueError as error:
            raise SweepError(f"$SWEEPS_NOTIFY: {error}. Write it as https://hooks.example.org/sweeps.") from error
        settings = cls(addresses, hosts, Path(file) if file else None)
        if faults := settings.faults(map(str, addresses)):
            raise SweepError(f"$SWEEPS_NOTIFY: {faults[0].rule}, but got {faults[0].value}. {faults[0].remedy}")
        return settings

    def allowed(self, address: WebAddress) -> AllowedHost | None:
        """Return the rule that allows an address, or None if none does."""
        place = address.host, address.port
        return next((each for each in self.hosts if place == (each.host, each.port)), None)

    def faults(self, addresses: Iterable[str]) -> list[Fault]:
        """Return what is wrong with the addresses of a spec, each of which is one: hosts that are not allowed."""
        known = ", ".join(sorted({each.host for each in self.hosts})) or "none"
        return [
            Fault(
                f"notify.{index}",
                f"a host must be allowed where the service runs ({known})",
                address.authority,
                "Leave it out, or have it added to $SWEEPS_NOTIFY_HOSTS there.",
            )
            for index, address in enumerate(map(WebAddress.parse, addresses))
            if self.allowed(address) is None
        ]


def _listed(environment: Mapping[str, str], name: str) -> list[str]:
    return [part for part in re.split(r"[,\s]+", environment.get(name, "")) if part]


def _own_networks(host: str) -> tuple[Network, ...]:
    if host == "localhost":
        return LOOPBACK
    try:
        return (ipaddress.ip_network(host),)
    except ValueError:
        return ()


def _is_public(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        is_plain = address in GLOBAL_IPV6 and not any(address in tunnel for tunnel in TUNNELS)
        return is_plain and address.is_global
    return address.is_global and not address.is_multicast
