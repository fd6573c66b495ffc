"""A storm of submissions while the service is killed again and again: every sweep that was accepted is there, once."""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

import pytest

from sweeps.execution.lease import take_lock
from sweeps.execution.storage import Home
from sweeps.service.tokens import Role, Tokens
from tests.end_to_end.sweep_process import wait_until
from tests.service.service_process import ServiceProcess
from tests.sweep_on_disk import RAW, small_spec

CLIENTS, SUBMISSIONS, DISTINCT, KILLS = 8, 200, 60, 10


@dataclass(frozen=True)
class Submission:
    """Which spec is submitted under which key of a client's own."""

    seed: int
    key: str


class Answers:
    """What clients were answered, from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.created: Counter[str] = Counter()
        self.refs: dict[tuple[int, str], set[str]] = {}
        self.count = 0

    def reach(self, count: int) -> bool:
        """Tell whether so many submissions were answered."""
        return self.count >= count

    def add(self, client: int, submission: Submission, status: int, ref: str) -> None:
        with self._lock:
            self.count += 1
            self.created[ref] += status == 201
            self.refs.setdefault((client, submission.key), set()).add(ref)


def submissions(rng: random.Random, client: int) -> Iterator[Submission]:
    """Yield a client's submissions: some again under their key, some specs again under a new one."""
    made: list[Submission] = []
    for number in range(SUBMISSIONS // CLIENTS):
        if made and rng.random() < 0.4:
            made.append(rng.choice(made))
        else:
            made.append(Submission(rng.randrange(DISTINCT), f"client-{client}-{number}"))
        yield made[-1]


def listed(service: ServiceProcess) -> list[str]:
    """Return the ref of every sweep, page by page."""
    refs, cursor = [], ""
    while True:
        _, page = service.ask("GET", f"/api/v1/sweeps?limit=20{cursor}")
        refs += [sweep["ref"] for sweep in page["sweeps"]]
        if page["next"] is None:
            return refs
        cursor = f"&cursor={page['next']}"


def experiments(database: Path) -> Counter[str]:
    """Return the names of MLflow's experiments, but for the one that it makes itself."""
    with closing(sqlite3.connect(database)) as store:
        return Counter(name for (name,) in store.execute("select name from experiments") if name != "Default")


@pytest.mark.slow
def test_every_accepted_sweep_is_there_once_though_the_service_is_killed(tmp_path: Path) -> None:
    home, answers, rng = Home(tmp_path / "home"), Answers(), random.Random(4)
    storms = [list(submissions(rng, client)) for client in range(CLIENTS)]
    expected = {small_spec(seed=each.seed).sweep_id for storm in storms for each in storm}
    # One that runs already, by its lease: the one place is taken, so that nothing is started on this machine.
    first = small_spec(name="first")
    lease = take_lock(home.sweep(first.sweep_id).lease)
    assert lease is not None
    with lease, ServiceProcess(home.root) as service, ThreadPoolExecutor(CLIENTS) as pool:
        assert service.ask("POST", "/api/v1/sweeps", {**RAW, "name": "first"})[0] == 201
        tokens = [Tokens.of(home.root).create(f"client {number}", Role.SUBMIT)[1] for number in range(CLIENTS)]

        def storm(client: int) -> None:
            for each in storms[client]:
                headers, spec = {"Idempotency-Key": each.key}, {**RAW, "seed": each.seed}
                status, told = service.ask("POST", "/api/v1/sweeps", spec, token=tokens[client], headers=headers)
                assert status in (200, 201), told
                answers.add(client, each, status, told["sweep"]["ref"])

        under_way = [pool.submit(storm, client) for client in range(CLIENTS)]
        for kill in range(1, KILLS + 1):
            due = kill * SUBMISSIONS // (KILLS + 1)
            wait_until(partial(answers.reach, due))
            service.kill()
            service.start()
        for each in under_way:
            each.result()
        assert answers.count == SUBMISSIONS
        assert service.cut_off >= KILLS
        told = listed(service)

    assert Counter(told) == Counter([*expected, first.sweep_id])
    assert set(home.sweep_ids()) == {*expected, first.sweep_id}
    assert experiments(service.database) == Counter(told)
    assert all(len(refs) == 1 for refs in answers.refs.values())
    assert set(answers.created) == expected
    assert max(answers.created.values()) == 1
    assert not list(home.root.glob("sweeps/*/attempts"))
