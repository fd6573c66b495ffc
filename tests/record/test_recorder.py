"""The record of a sweep in a real MLflow store: what is written, and how it ends."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from sweeps.record.dashboard import VIEW_TAG, decode_view
from tests.record.store import Store, expected_points, record_all
from tests.record.synthetic import FACTS, diverged, evaluation, sweep_results


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
    experiment = store.artifacts / FACTS.experiment / store.runs()["trial-004"].info.run_id / "artifacts"
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
    folder = store.artifacts / FACTS.experiment / run.info.run_id / "artifacts"
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
