"""How much one token may ask: the size of a request and the rate of requests."""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

__all__ = ["Limits", "RateLimit", "limited"]


@dataclass(frozen=True)
class Limits:
    """What a service takes.

    Attributes:
        body_bytes: Of one request.
        requests_per_second: Of one token, on average.
        burst: Requests of one token at once.
    """

    body_bytes: int = 1_048_576
    requests_per_second: float = 50.0
    burst: int = 200


@dataclass
class RateLimit:
    """A token bucket for each caller: full with `burst` requests, refilled with `requests_per_second`."""

    limits: Limits
    clock: Callable[[], float]
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait_seconds(self, caller: str) -> float:
        """Take a request from a caller's bucket and return 0, or return how long it takes until there is one."""
        now, rate = self.clock(), self.limits.requests_per_second
        left, then = self._buckets.get(caller, (float(self.limits.burst), now))
        left = min(float(self.limits.burst), left + (now - then) * rate)
        if left < 1:
            self._buckets[caller] = left, now
            return (1 - left) / rate
        self._buckets[caller] = left - 1, now
        return 0.0


def limited(receive: Receive, most: int) -> Receive:
    """Return a receiver of at most so many bytes of a body, however they are sent.

    Raises:
        HTTPException: 413, from the receiver that is returned, as soon as there are more.
    """
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most:
            raise HTTPException(413, f"A request has at most {most} bytes, but got more. Send less.")
        return message

    return receive_limited
