"""A sweep watched from elsewhere: what is shown of it, and when the watching ends."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sweeps import Client
from sweeps.errors import ServiceError
from sweeps.execution.lease import hold_lease
from sweeps.execution.storage import Home
from sweeps.progress import BestSoFar, Progress, RungProgress
from sweeps.search.halving import Outcome
from sweeps.spec import SweepSpec
from sweeps.watch import HomeScene, ServiceScene, Sight, watch
from tests.running_service import serve
from tests.sweep_on_disk import begin, finish, small_spec

SPEC = small_spec()


@dataclass
class Play:
    """A sweep that stands otherwise at each look, and counts how often its outcomes are asked for."""

    acts: list[tuple[str, list[Outcome]]]
    looks: int = 0
    asked: int = 0
    shown: list[Progress] = field(default_factory=list)

    def spec(self) -> SweepSpec:
        return SPEC

    def look(self) -> Sight:
        self.looks += 1
        state, outcomes = self.acts[self.looks - 1]
        return Sight(state, len(outcomes), self.looks == len(self.acts))

    def outcomes(self) -> list[Outcome]:
        self.asked += 1
        return self.acts[self.looks - 1][1]

    def watched(self) -> Sight:
        """Watch it with ten seconds between looks."""
        now = [0.0]
        return watch(
            self,
            "its name",
            self.shown.append,
            clock=lambda: now[0],
            sleep=lambda _: now.__setitem__(0, now[0] + 10),
        )


def outcome(trial: int, rung: int, mean: float | None) -> Outcome:
    return Outcome(trial, rung, () if mean is None else (mean,))


FIRST = [outcome(0, 0, 3.0)]
ALL = [*FIRST, outcome(1, 0, 1.0), outcome(2, 0, None), outcome(1, 1, 0.5), outcome(3, 0, 2.0), outcome(4, 0, 0.75)]


def test_what_is_shown_follows_from_state_and_outcomes() -> None:
    play = Play([("queued", []), ("running", FIRST), ("running", FIRST), ("running", ALL), ("finished", ALL)])
    assert play.watched() == Sight("finished", 6, True)
    assert [shown.state for shown in play.shown] == ["queued", "running", "running", "running", "finished"]
    assert play.asked == 2
    last = play.shown[-1]
    assert last.brackets == ((RungProgress(3, 1, 3, 0), RungProgress(1, 3, 1, 0)), (RungProgress(2, 3, 2, 0),))
    assert (last.sweep_id, last.computed, last.restored, last.best) == ("its name", 6, 0, BestSoFar(1, 3, 0.5))
    assert (last.epochs_left, last.workers) == (0, 0)


def test_the_time_left_follows_from_what_came_while_it_was_watched() -> None:
    """Of 11 epochs one was there before; two more came in 20 s, so the eight left take 80 s."""
    three = [outcome(trial, 0, 1.0) for trial in range(3)]
    play = Play([("running", three[:1]), ("running", three[:1]), ("running", three), ("failed", three)])
    play.watched()
    assert [shown.seconds_left for shown in play.shown] == [None, None, 80.0, 120.0]


def test_a_sweep_of_a_home_goes_on_as_long_as_someone_runs_it(home: Home) -> None:
    files = begin(home, SPEC, evaluations=1)
    with hold_lease(files.lease):
        assert HomeScene(files).look() == Sight("running", 1, False)
    assert HomeScene(files).look() == Sight("interrupted", 1, True)


def test_a_spec_of_a_later_service_is_told_as_such(tmp_path: Path) -> None:
    with serve(tmp_path) as service, Client(service.url, service.token(), patience_seconds=0) as client:
        scene = ServiceScene(client, service.add(SPEC))
        assert scene.spec().sweep_id == SPEC.sweep_id
        service.files(SPEC).spec.write_text(json.dumps({**SPEC.model_dump(mode="json"), "later": 1}))
        with pytest.raises(ServiceError, match="must be of a form that this version knows"):
            scene.spec()


def test_a_sweep_of_a_home_is_watched_by_its_files(home: Home) -> None:
    files, shown = begin(home, SPEC, evaluations=2), list[Progress]()
    assert watch(HomeScene(files), SPEC.sweep_id, shown.append) == Sight("interrupted", 2, True)
    assert [(progress.computed, progress.state) for progress in shown] == [(2, "interrupted")]
    finish(home, SPEC)
    assert watch(HomeScene(files), SPEC.sweep_id, shown.append) == Sight("finished", 6, True)
    top = files.read_result(0, 1)
    assert top is not None and top.mean is not None
    assert shown[-1].best == BestSoFar(0, 3, top.mean)


def test_results_of_a_home_are_read_once(home: Home) -> None:
    scene = HomeScene(begin(home, SPEC, evaluations=2))
    first = scene.outcomes()
    scene.files.result(0, 0).write_text("changed")
    assert scene.outcomes() == first
