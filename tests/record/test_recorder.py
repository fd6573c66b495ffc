"""The record in a real MLflow store: complete, exactly once, whatever was cut off on the way."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run

from sweeps.execution.result import EvaluationResult
from sweeps.record.connection import RecordError
from sweeps.record.dashboard import VIEW_TAG, decode_view
from sweeps.record.layout import evaluation_points
from sweeps.record.recorder import Recorder
from tests.record.synthetic import FACTS, PROMOTED, diverged, evaluation, sweep_results, write_samples

Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with MLflow's tables and nothing in them: making one takes a second, copying it nothing."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}")
    return path


class Store:
    """A SQLite store in a folder whose name needs quoting, and how to look into it."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "mlflow.db"
        self.uri = f"sqlite:///{self.database}"
        self.artifacts = folder / "it's an artifact root"
        self.client = MlflowClient(self.uri)

    def recorder(self) -> Recorder:
        return Recorder(self.uri, self.artifacts, FACTS)

    def rows(self, query: str) -> Rows:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query).fetchall()

    def points(self) -> Rows:
        """Every point as (trial's run name, key, step, value, timestamp), sorted."""
        return self.rows(
            "select runs.name, key, step, value, timestamp from metrics join runs using (run_uuid) "
            "where lifecycle_stage = 'active' order by 1, 2, 3, 4, 5"
        )

    def runs(self) -> dict[str, Run]:
        experiment = self.client.get_experiment_by_name(FACTS.sweep_id)
        assert experiment is not None
        found = self.client.search_runs([experiment.experiment_id])
        assert len({run.info.run_name for run in found}) == len(found)
        return {str(run.info.run_name): run for run in found}

    def files(self, run: Run) -> list[str]:
        folder = self.artifacts / FACTS.sweep_id / run.info.run_id / "artifacts"
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copyfile(empty_store, tmp_path / "mlflow.db")
    yield Store(tmp_path)


def expected_points(results: list[EvaluationResult]) -> Rows:
    return sorted(
        (f"trial-{result.trial:03d}", point.key, point.step, point.value, point.timestamp)
        for result in results
        for point in evaluation_points(result, "fid")
    )


def record_all(recorder: Recorder, samples: Path) -> None:
    recorder.open()
    for result in sweep_results():
        recorder.record(result, write_samples(samples / f"{result.trial}-{result.rung}.png", result.trial, result.rung))
    for rung, trials in enumerate(PROMOTED):
        for trial in set(trials) - set(PROMOTED[rung + 1] if rung < 2 else ()):
            recorder.close_trial(trial, status="FINISHED", why="reached the top" if rung == 2 else "not promoted")


def test_every_point_of_every_result_is_recorded_once(store: Store, tmp_path: Path) -> None:
    record_all(store.recorder(), tmp_path / "samples")
    assert store.points() == expected_points(sweep_results())


def test_a_replay_by_another_process_changes_nothing(store: Store, tmp_path: Path) -> None:
    record_all(store.recorder(), tmp_path / "samples")
    before = store.points(), store.rows("select * from runs"), store.rows("select * from tags order by 1, 2")
    record_all(store.recorder(), tmp_path / "samples")
    assert (store.points(), store.rows("select * from runs"), store.rows("select * from tags order by 1, 2")) == before
    assert len(store.runs()) == 1 + 9


def test_a_trial_has_its_parameters_tags_parent_and_times(store: Store, tmp_path: Path) -> None:
    recorder = store.recorder()
    record_all(recorder, tmp_path / "samples")
    run = store.runs()["trial-004"]
    assert run.info.run_id == recorder.run_id(4)
    assert float(run.data.params["beta"]) == 0.9
    expected = {
        "mlflow.parentRunId": recorder.sweep_run_id,
        "mlflow.loggedImages": "True",
        "sweep.kind": "trial",
        "sweep.trial": "4",
        "sweep.bracket": "0",
        "sweep.rung": "2",
        "sweep.epochs": "9",
        "sweep.state": "scored",
        "sweep.stopped_at": "9 epochs",
        "sweep.why": "reached the top",
    }
    assert expected.items() <= run.data.tags.items()
    assert run.info.start_time == evaluation(4, 0).started
    assert run.info.end_time == evaluation(4, 2).ended
    assert run.info.status == "FINISHED"


def test_samples_are_written_at_every_rung_in_the_layout_of_image_charts(store: Store, tmp_path: Path) -> None:
    record_all(store.recorder(), tmp_path / "samples")
    files = store.files(store.runs()["trial-004"])
    assert len(files) == 6
    assert [name.split("+")[2] for name in files] == ["0", "0", "1", "1", "2", "2"]
    experiment = store.artifacts / FACTS.sweep_id / store.runs()["trial-004"].info.run_id / "artifacts"
    assert (experiment / files[1]).read_bytes() == (tmp_path / "samples" / "4-0.png").read_bytes()


def test_a_sweep_has_spec_plan_and_outcome(store: Store, tmp_path: Path) -> None:
    recorder = store.recorder()
    record_all(recorder, tmp_path / "samples")
    best, figure = tmp_path / "best.yaml", tmp_path / "sweep.png"
    best.write_text("model: infogan\n")
    figure.write_bytes(b"figure")
    assert store.runs()[FACTS.name].info.status == "RUNNING"
    for _ in range(2):
        recorder.finish(status="FINISHED", metrics={"best/fid": 2.5}, artifacts=[best, figure])
    run = store.runs()[FACTS.name]
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"best/fid": 2.5}
    assert len(store.client.get_metric_history(run.info.run_id, "best/fid")) == 1
    assert store.files(run) == ["best.yaml", "figures/sweep.png", "plan.yaml", "spec.yaml"]
    folder = store.artifacts / FACTS.sweep_id / run.info.run_id / "artifacts"
    assert yaml.safe_load((folder / "spec.yaml").read_text()) == FACTS.spec


def test_the_experiment_carries_the_dashboard(store: Store) -> None:
    recorder = store.recorder()
    recorder.open()
    tags = store.client.get_experiment(recorder.experiment_id).tags
    assert decode_view(tags[VIEW_TAG])["orderByKey"] == "metrics.`cv/fid`"
    assert f"/experiments/{recorder.experiment_id}/runs?" in recorder.dashboard_fragment


def test_a_diverged_trial_is_failed_with_its_reason(store: Store) -> None:
    recorder = store.recorder()
    recorder.open()
    recorder.record(evaluation(2, 0), None)
    recorder.record(diverged(2, 1), None)
    run = store.runs()["trial-002"]
    assert run.info.status == "FAILED"
    assert run.info.end_time == diverged(2, 1).ended
    assert run.data.tags["sweep.state"] == "diverged"
    assert run.data.tags["sweep.reason"] == "fold 3 became non-finite at epoch 2"
    recorder.close_trial(2, status="FAILED", why="diverged")
    assert store.runs()["trial-002"].data.tags["sweep.why"] == "diverged"


def test_an_interrupted_trial_runs_again_when_it_is_continued(store: Store) -> None:
    interrupted = store.recorder()
    interrupted.open()
    interrupted.record(evaluation(2, 0), None)
    interrupted.close_trial(2, status="KILLED", why="interrupted")
    interrupted.finish(status="KILLED", metrics={}, artifacts=[])
    assert {run.info.status for run in store.runs().values()} == {"KILLED"}
    continued = store.recorder()
    continued.open()
    continued.record(evaluation(2, 0), None)
    continued.record(evaluation(2, 1), None)
    assert {run.info.status for run in store.runs().values()} == {"RUNNING"}
    assert store.points() == expected_points([evaluation(2, 0), evaluation(2, 1)])


class Guillotine:
    """Stands before one method of MLflow's client and ends the writer at its n-th call."""

    def __init__(self, method: str, *, after_effect: bool) -> None:
        self.original: Callable[..., Any] = getattr(MlflowClient, method)
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
    guillotine = Guillotine(method, after_effect=after_effect)

    def fall(client: MlflowClient, *args: Any, **kwargs: Any) -> Any:
        return guillotine(client, *args, **kwargs)

    monkeypatch.setattr(MlflowClient, method, fall)
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
    original = MlflowClient.create_run

    def lose_the_answer(client: MlflowClient, *args: Any, **kwargs: Any) -> Run:
        original(client, *args, **kwargs)
        raise ConnectionError("reset by peer")

    monkeypatch.setattr(MlflowClient, "create_run", lose_the_answer)
    with pytest.raises(RecordError, match="reset by peer"):
        recorder.record(evaluation(0, 0), None)
    monkeypatch.setattr(MlflowClient, "create_run", original)
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


def test_a_trial_of_which_nothing_is_recorded_is_not_closed(store: Store) -> None:
    recorder = store.recorder()
    recorder.open()
    recorder.close_trial(3, status="KILLED", why="interrupted")
    assert recorder.run_id(3) is None
    assert set(store.runs()) == {FACTS.name}


def test_a_missing_rung_is_refused(store: Store) -> None:
    recorder = store.recorder()
    recorder.open()
    with pytest.raises(ValueError, match="rungs must come in order, but got 1 after -1"):
        recorder.record(evaluation(2, 1), None)


def test_long_curves_are_split_over_requests(store: Store) -> None:
    recorder = store.recorder()
    recorder.open()
    epochs = 300
    curves = {f"train/{name}": [[float(epoch) for epoch in range(epochs)]] for name in "abcdefg"}
    result = replace(evaluation(0, 0), epochs=epochs, curves=curves, epoch_times=list(range(1, epochs + 1)))
    recorder.record(result, None)
    assert store.points() == expected_points([result])


def test_a_store_that_cannot_be_written_is_named_without_its_password(store: Store) -> None:
    facts = replace(FACTS, sweep_id="x")
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


def test_nothing_is_printed(tmp_path: Path) -> None:
    """In a process of its own, because MLflow reads its settings when it is imported."""
    program = (
        "import sys; from pathlib import Path; from tests.record.synthetic import FACTS, evaluation\n"
        "from sweeps.record.recorder import Recorder\n"
        "recorder = Recorder(sys.argv[1], Path(sys.argv[2]), FACTS); recorder.open()\n"
        "recorder.record(evaluation(0, 0), None); recorder.close_trial(0, status='FINISHED', why='')\n"
        "print(recorder.run_id(0))\n"
    )
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        program,
        f"sqlite:///{tmp_path}/new.db",
        str(tmp_path / "artifacts"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len(done.stdout.split()) == 1
    assert done.stderr == ""
