"""One message to one address: looked up, checked, sent to the very place that was checked, and never led elsewhere."""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sweeps.service.notices import Notice
from sweeps.service.notify_settings import IPAddress, NotifySettings
from sweeps.service.signature import sign
from sweeps.web_address import WebAddress

if TYPE_CHECKING:
    import httpx2

__all__ = ["Poster", "UndeliveredError", "resolve"]

DEADLINE_SECONDS = 10.0
"""From the look-up to the answer's headers, however slowly they come."""

GONE = 410


class UndeliveredError(Exception):
    """An address has not taken a message; the text says why, in few words and without the address."""


async def resolve(host: str, port: int) -> list[IPAddress]:
    """Return the addresses that a name has now, the best first."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [ipaddress.ip_address(each[4][0]) for each in found]


@dataclass(frozen=True)
class Poster:
    """Sends signed messages.

    Attributes:
        settings: Where messages may go.
        keys: To sign with.
        resolve: Looks names up.
        trust: Whose certificates count; None is those whom the machine trusts.
        now: Seconds since 1970.
        deadline_seconds: How long one message may take.
    """

    settings: NotifySettings
    keys: tuple[bytes, ...]
    resolve: Callable[[str, int], Awaitable[list[IPAddress]]] = resolve
    trust: ssl.SSLContext | None = None
    now: Callable[[], float] = time.time
    deadline_seconds: float = DEADLINE_SECONDS

    async def post(self, notice: Notice, address: WebAddress) -> int:
        """Send a notice and return the status: one of 200 to 299, or 410 if the receiver wants no more of it.

        Raises:
            UndeliveredError: It was not taken; try again later.
        """
        try:
            async with asyncio.timeout(self.deadline_seconds):
                status = await self._send(notice, address, await self._permitted(address))
        except TimeoutError as error:
            raise UndeliveredError(f"no answer within {self.deadline_seconds:g} seconds") from error
        except OSError as error:
            raise UndeliveredError(f"it cannot be looked up or reached ({type(error).__name__})") from error
        if not (200 <= status <= 299 or status == GONE):
            raise UndeliveredError(f"it answered {status}")
        return status

    async def _permitted(self, address: WebAddress) -> list[IPAddress]:
        """Return where to connect to: every address that the host has must be one that it may have."""
        allowed = self.settings.allowed(address)
        if allowed is None:
            raise UndeliveredError("the host is not allowed any more")
        found = await self.resolve(address.host, address.port)
        if not found or not all(map(allowed.permits, found)):
            raise UndeliveredError("its name leads to an address that is not public, or not in the network allowed")
        return found

    async def _send(self, notice: Notice, address: WebAddress, places: list[IPAddress]) -> int:
        """Return the status that the first place which can be reached answers with."""
        import httpx2  # a service that tells nobody does without

        # Without the environment: a proxy would look the name up again. Redirects are answers like any other.
        client = httpx2.AsyncClient(
            verify=self.trust or _machines_trust(),
            trust_env=False,
            follow_redirects=False,
            timeout=self.deadline_seconds,
        )
        async with client:
            for place in places:
                try:
                    return await self._ask(client, notice, address, place)
                except httpx2.ConnectError:
                    continue
                except httpx2.HTTPError as error:
                    raise UndeliveredError(f"it did not answer ({type(error).__name__})") from error
        raise UndeliveredError("it cannot be reached, or its certificate is not good")

    async def _ask(self, client: "httpx2.AsyncClient", notice: Notice, address: WebAddress, place: IPAddress) -> int:
        where = f"[{place}]" if place.version == 6 else str(place)
        url = f"{address.scheme}://{where}:{address.port}{address.target}"
        # The certificate must be that of the host, whichever address was connected to.
        asked = client.stream(
            "POST",
            url,
            content=notice.body,
            headers=self._headers(notice, address),
            extensions={"sni_hostname": address.host},
        )
        async with asked as answer:  # whose body is not read
            return answer.status_code

    def _headers(self, notice: Notice, address: WebAddress) -> dict[str, str]:
        timestamp = int(self.now())
        return {
            "Host": address.authority,
            "Content-Type": "application/json",
            "User-Agent": "sweeps",
            "webhook-id": notice.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self.keys, notice.id, timestamp, notice.body),
        }


@cache
def _machines_trust() -> ssl.SSLContext:
    """Return whom the machine trusts; reading that takes a while."""
    import httpx2

    return httpx2.create_ssl_context()
