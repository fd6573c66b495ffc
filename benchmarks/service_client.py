"""What asks the service in `benchmarks.service_load`, as a process of its own: requests at a fixed rate, and streams.

    python -m benchmarks.service_client load URL SECONDS RATE REFS SPEC
    python -m benchmarks.service_client streams URL COUNT REF

Prints one line of JSON. Requests are sent when they are due, however long earlier ones take (an open loop), and their
time counts from when they were due. REFS and the tokens in `$TOKENS` have commas between them.
"""

import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from itertools import cycle

import httpx2

__all__ = ["main"]

TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Kind:
    """One kind of request."""

    name: str
    method: str
    path: str
    content: str | None = None


def main() -> None:
    """Ask, and print what came."""
    what, url, *rest = sys.argv[1:]
    tokens = os.environ["TOKENS"].split(",")
    asked = _load(url, tokens, *rest) if what == "load" else _streams(url, tokens, *rest)
    print(json.dumps(asyncio.run(asked)))


async def _load(
    url: str, tokens: list[str], seconds: str, rate: str, refs: str, spec: str
) -> dict[str, dict[str, list[float]]]:
    """Return the seconds of each request by kind, and those of refused ones apart."""
    taken: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    ref, token, interval = cycle(refs.split(",")), cycle(tokens), 1 / float(rate)
    async with httpx2.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS) as client, asyncio.TaskGroup() as requests:
        begun = time.perf_counter()
        for number in range(int(float(seconds) * float(rate))):
            due = begun + number * interval
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if number % 2:
                kind = Kind("POST /plan", "POST", "/api/v1/plan", spec)
            else:
                kind = Kind("GET /sweeps/{ref}", "GET", f"/api/v1/sweeps/{next(ref)}")
            requests.create_task(_ask(client, kind, next(token), due, taken))
    return taken


async def _ask(
    client: httpx2.AsyncClient, kind: Kind, token: str, due: float, taken: dict[str, dict[str, list[float]]]
) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = await client.request(kind.method, kind.path, content=kind.content, headers=headers)
    taken[kind.name][str(answer.status_code)].append(time.perf_counter() - due)


async def _streams(url: str, tokens: list[str], count: str, ref: str) -> dict[str, list[float]]:
    """Follow a sweep by many streams to its end; return how many results each heard, and how long after they came."""
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS, limits=limits) as client:
        token = cycle(tokens)
        heard = await asyncio.gather(*(_follow(client, ref, next(token)) for _ in range(int(count))))
    return {
        "evaluations": [float(len(delays)) for delays in heard],
        "delays": sorted(delay for delays in heard for delay in delays),
    }


async def _follow(client: httpx2.AsyncClient, ref: str, token: str) -> list[float]:
    delays: list[float] = []
    headers, event = {"Authorization": f"Bearer {token}"}, ""
    async with client.stream("GET", f"/api/v1/sweeps/{ref}/events", headers=headers) as answer:
        answer.raise_for_status()
        print("open", file=sys.stderr, flush=True)
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "id" and event == "evaluation":
                delays.append(time.time() - int(value.partition("-")[0]) / 1e9)
    return delays


if __name__ == "__main__":
    main()
