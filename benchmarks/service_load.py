"""How fast a service answers beside a large store, how much memory it holds, and how many it tells what happens.

    python -m benchmarks.service_load
    python -m benchmarks.service_load --sweeps 100 --seconds 10 --rounds 1
    python -m benchmarks.service_load --home FOLDER       # keeps the store for the next time

Makes a store of 1,000 sweeps with 100,000 results, starts `sweeps serve` over it, and asks from another process at 50
requests a second, every other one `POST /plan`, the others `GET /sweeps/{ref}`. Then 200 streams follow one sweep while
its results are written. MLflow holds the claims of sweeps, not their trials, which a service does not read. Takes some
minutes; keep the machine quiet.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from benchmarks.machine import machine_line
from benchmarks.service_store import Store, build_store, made_up, spec_of
from sweeps.execution.lease import take_lock
from sweeps.execution.storage import Home, write_atomically
from sweeps.search.proposer import RandomProposer
from sweeps.search.search import Outcome, Search
from sweeps.service.tokens import Role, Tokens

__all__ = ["main", "percentiles"]

TOKENS = 8
"""Callers, since each has a rate of its own."""

IDLE_SECONDS = 10.0
"""Before memory is read: that of a service at rest is asked for, not of one that starts."""

RESULT_SECONDS = 0.5
"""Between two results of the sweep that is followed."""

RESULTS = 40


@dataclass(frozen=True)
class Service:
    """A service that answers."""

    url: str
    pid: int
    tokens: tuple[str, ...]

    @property
    def resident_mib(self) -> float:
        """Memory that it holds now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="utf-8").split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 2**20


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweeps", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=50.0, help="Requests a second.")
    parser.add_argument("--seconds", type=float, default=40.0, help="Of each round.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--home", type=Path, help="Where the store is made, or was.")
    arguments = parser.parse_args()
    print(f"{machine_line(('fastapi', 'uvicorn', 'mlflow'))}; load before: {os.getloadavg()[0]:.1f}")
    with TemporaryDirectory() as temporary:
        store = _store(arguments.home or Path(temporary) / "home", arguments.sweeps)
        print(f"{len(store.sweeps)} sweeps with {store.evaluations} results")
        with _serving(store.home) as service:
            time.sleep(IDLE_SECONDS)
            print(f"resident, idle: {service.resident_mib:.0f} MiB")
            _measure_load(service, store, arguments)
            print(f"resident, after the load: {service.resident_mib:.0f} MiB; load average: {os.getloadavg()[0]:.1f}")
            _measure_streams(service, store.home, arguments.streams)
            print(f"resident, after the streams: {service.resident_mib:.0f} MiB")


def _store(root: Path, sweeps: int) -> Store:
    """Return the store of a folder, made now unless it is there."""
    noted = root / "store.json"
    if noted.exists():
        told = json.loads(noted.read_text(encoding="utf-8"))
        return Store(Home(root), tuple(told["sweeps"]), told["evaluations"])
    store = build_store(root, sweeps)
    noted.write_text(json.dumps({"sweeps": store.sweeps, "evaluations": store.evaluations}), encoding="utf-8")
    return store


@contextmanager
def _serving(home: Home) -> Iterator[Service]:
    """Run the command over the home's own record, without MLflow's pages, while the block runs."""
    command = [sys.executable, "-m", "sweeps.cli", "serve", "--home", str(home.root), "--port", "0", "--json"]
    environment = {**os.environ, "SWEEPS_TRACKING_URI": f"sqlite:///{home.record}"}
    tokens = tuple(Tokens.of(home.root).create(f"caller {number}", Role.SUBMIT)[1] for number in range(TOKENS))
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Service(json.loads(process.stdout.readline())["url"], process.pid, tokens)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _measure_load(service: Service, store: Store, arguments: argparse.Namespace) -> None:
    """Print percentiles: of each round, and their medians."""
    refs = ",".join(store.sweeps[:: max(1, len(store.sweeps) // 97)])
    spec = json.dumps(spec_of(1).model_dump(mode="json", exclude={"space"}) | {"space": spec_of(1).model})
    rounds: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(arguments.rounds):
        told = _client("load", service, str(arguments.seconds), str(arguments.rate), refs, spec).communicate()[0]
        for kind, by_status in sorted(json.loads(told).items()):
            assert set(by_status) == {"200"}, f"{kind} answered {sorted(by_status)}"
            p50, p95, p99 = percentiles(by_status["200"])
            print(f"{kind}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms of {len(by_status['200'])}")
            rounds.setdefault(kind, []).append((p50, p95, p99))
    for kind, each in rounds.items():
        p50, p95, p99 = map(median, zip(*each, strict=True))
        print(f"{kind}, medians of {len(each)} rounds: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms")


def percentiles(seconds: list[float]) -> tuple[float, float, float]:
    """Return p50, p95 and p99 in milliseconds."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1e3, cuts[94] * 1e3, cuts[98] * 1e3


def _measure_streams(service: Service, home: Home, count: int) -> None:
    """Have streams follow a sweep that this process pretends to run, and print what they heard."""
    spec = spec_of(0, name="followed", seed=int(time.time()))
    files = home.sweep(spec.sweep_id)
    lease = take_lock(files.lease)  # so that the service believes that it runs
    assert lease is not None
    search = Search(spec.ladder(), RandomProposer(spec.search_space(), spec.seed), spec.hyperband.lag)
    with lease:
        _submit(service, json.dumps(spec.model_dump(mode="json")))
        client = _client("streams", service, str(count), spec.sweep_id)
        assert client.stderr is not None
        for _ in range(count):
            assert client.stderr.readline() == "open\n"
        used = _cpu_seconds(service.pid)
        begun = time.monotonic()
        for _ in range(RESULTS):
            evaluation = search.ask()
            assert evaluation is not None
            result = files.write_result(made_up(spec, evaluation))
            search.tell(Outcome(result.trial, result.rung, tuple(result.folds)))
            time.sleep(RESULT_SECONDS)
        share = (_cpu_seconds(service.pid) - used) / (time.monotonic() - begun)
        print(f"resident, with {count} streams: {service.resident_mib:.0f} MiB; {share:.0%} of a core")
        write_atomically(files.conclusion, json.dumps({"state": "failed", "why": "the end"}).encode())
    told = json.loads(client.communicate()[0])
    p50, p95, p99 = percentiles(told["delays"])
    complete = sum(heard == RESULTS for heard in told["evaluations"])
    print(f"{complete} of {count} streams heard all {RESULTS} results,")
    print(f"after p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms")


def _submit(service: Service, spec: str) -> None:
    headers = {"Authorization": f"Bearer {service.tokens[0]}", "Content-Type": "application/json"}
    httpx2.post(f"{service.url}/api/v1/sweeps", content=spec, headers=headers, timeout=60).raise_for_status()


def _client(what: str, service: Service, *rest: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.service_client", what, service.url, *rest]
    environment = {**os.environ, "TOKENS": ",".join(service.tokens)}  # command lines are for everyone to read
    stderr: Any = subprocess.PIPE if what == "streams" else None
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True)


def _cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
