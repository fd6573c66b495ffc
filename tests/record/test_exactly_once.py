"""The record after kills, lost answers and outages: every run and every point once, none missing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweeps.record.connection import RecordError
from sweeps.record.recorder import Recorder
from tests.record.store import Client, Store, expected_points, record_all
from tests.record.synthetic import FACTS, evaluation, sweep_results


class Guillotine:
    """Stands before one method of a client and ends the writer at its n-th call."""

    def __init__(self, client: Client, method: str, *, after_effect: bool) -> None:
        self.original: Callable[..., Any] = getattr(client, method)
        self.after_effect = after_effect
        self.calls_left = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls_left -= 1
        if self.calls_left == 0 and not self.after_effect:
            raise KeyboardInterrupt
        answer = self.original(*args, **kwargs)
        if self.calls_left == 0:
            raise KeyboardInterrupt
        return answer


@pytest.mark.parametrize("method", ["create_experiment", "create_run", "log_artifacts", "log_batch", "set_terminated"])
@pytest.mark.parametrize("after_effect", [False, True])
def test_whatever_is_cut_off_a_new_start_completes_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, after_effect: bool
) -> None:
    guillotine = Guillotine(store.written_by, method, after_effect=after_effect)

    def fall(client: object, *args: Any, **kwargs: Any) -> Any:
        return guillotine(client, *args, **kwargs)

    monkeypatch.setattr(store.written_by, method, fall)
    kills = 0
    for call in (1, 1, 2, 3, 5, 8, 13, 0):
        guillotine.calls_left = call
        try:
            record_all(store.recorder(), tmp_path / "samples")
        except KeyboardInterrupt:
            kills += 1
    assert kills > 0
    assert store.points() == expected_points(sweep_results())
    assert set(store.runs()) == {FACTS.name, *(f"trial-{trial:03d}" for trial in range(9))}
    assert len(store.files(store.runs()["trial-004"])) == 6


def test_points_without_the_tag_that_vouches_for_them_are_not_written_twice(store: Store) -> None:
    """As after a kill inside MLflow's `log_batch`, which commits points, parameters and tags one after the other."""
    recorder = store.recorder()
    recorder.open()
    recorder.record(evaluation(0, 0), None)
    store.client.delete_tag(str(recorder.run_id(0)), "sweep.rung")
    again = store.recorder()
    again.open()
    again.record(evaluation(0, 0), None)
    assert store.points() == expected_points([evaluation(0, 0)])
    assert store.runs()["trial-000"].data.tags["sweep.rung"] == "0"


def test_a_lost_answer_leaves_no_second_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run is made but the answer is lost; the same recorder is asked again, as the background recorder does."""
    recorder = store.recorder()
    recorder.open()
    original: Callable[..., Any] = store.written_by.create_run

    def lose_the_answer(*args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        raise ConnectionError("reset by peer")

    monkeypatch.setattr(store.written_by, "create_run", lose_the_answer)
    with pytest.raises(RecordError, match="reset by peer"):
        recorder.record(evaluation(0, 0), None)
    monkeypatch.setattr(store.written_by, "create_run", original)
    recorder.record(evaluation(0, 0), None)
    assert set(store.runs()) == {FACTS.name, "trial-000"}
    assert store.points() == expected_points([evaluation(0, 0)])


def test_of_two_runs_of_one_trial_the_one_recorded_further_is_kept(store: Store) -> None:
    recorder = store.recorder()
    recorder.open()
    tags = {"sweep.kind": "trial", "sweep.trial": "0"}
    store.client.create_run(recorder.experiment_id, start_time=1, run_name="trial-000", tags=tags)
    recorder.record(evaluation(0, 0), None)
    kept = recorder.run_id(0)
    again = store.recorder()
    again.open()
    assert again.run_id(0) == kept
    assert store.runs()["trial-000"].info.run_id == kept


def test_a_store_that_cannot_be_written_is_named_without_its_password(store: Store) -> None:
    facts = replace(FACTS, experiment="x")
    with pytest.raises(RecordError, match=r"MLflow at http://127\.0\.0\.1:9 must be writable") as raised:
        Recorder("http://user:secret@127.0.0.1:9", None, facts).open()
    assert "secret" not in str(raised.value)
    assert "Results are kept" in str(raised.value)


def test_a_deleted_experiment_is_restored(store: Store) -> None:
    first = store.recorder()
    first.open()
    store.client.delete_experiment(first.experiment_id)
    second = store.recorder()
    second.open()
    second.record(evaluation(0, 0), None)
    assert second.experiment_id == first.experiment_id
    assert store.points() == expected_points([evaluation(0, 0)])
