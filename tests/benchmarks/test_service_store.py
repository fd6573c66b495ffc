"""The store that the service is measured over is one that a service takes for its own."""

from pathlib import Path

from benchmarks.service_load import percentiles
from benchmarks.service_store import build_store, spec_of
from tests.service.service_on_disk import IdleExecutor, open_board


def test_a_service_finds_every_sweep_as_it_was_made(tmp_path: Path) -> None:
    store = build_store(tmp_path, 3)
    assert store.evaluations == 34 + 138 + 69
    assert store.sweeps == tuple(spec_of(number).sweep_id for number in range(3))
    views = {view.ref: view for view in open_board(tmp_path, IdleExecutor()).views()}
    assert [views[ref].state for ref in store.sweeps] == ["paused", "finished", "finished"]
    assert [views[ref].evaluations for ref in store.sweeps] == [34, 138, 69]
    assert [views[ref].champion is not None for ref in store.sweeps] == [False, True, True]


def test_percentiles_are_in_milliseconds() -> None:
    assert percentiles([number / 1000 for number in range(101)]) == (50.0, 95.0, 99.0)
