"""Figures of the service in Prometheus' text form; labels hold the names of routes, never what was sent."""

import time
from collections import Counter as Count
from collections.abc import Iterable
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sweeps.service.state import State

__all__ = ["MEDIA_TYPE", "Meter", "Metrics"]

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class Metrics:
    """Counts requests of one app; sweeps are counted anew whenever they are asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "sweeps_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "sweeps_request_seconds", "From request to the end of its answer.", ["route"], registry=self.registry
        )

    def text(self, states: Iterable[str]) -> bytes:
        """Return all figures, with how many sweeps are in each state."""
        registry, count = CollectorRegistry(), Count(states)
        sweeps = Gauge("sweeps_sweeps", "Sweeps that the token sees.", ["state"], registry=registry)
        for state in get_args(State):
            sweeps.labels(state).set(count[state])
        return generate_latest(registry) + generate_latest(self.registry)


class Meter:
    """Counts every request that an app answers."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self.metrics.requests.labels(method, route, str(status)).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - begun)


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Others are counted together: whoever asks could invent any number of them."""
