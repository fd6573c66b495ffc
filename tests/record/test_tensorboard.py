"""TensorBoard's files, read back by TensorBoard's own reader: every point once, whoever wrote, and however often."""

from dataclasses import replace
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import Home, SweepFiles
from sweeps.record.connection import RecordError
from sweeps.record.layout import evaluation_points
from sweeps.record.recorder import Recorder
from sweeps.record.sweep_record import SweepRecord
from sweeps.record.tensorboard import EventFiles, event_file
from tests.record.synthetic import FACTS, diverged, evaluation, hyperparameters

SECONDS = 60.0


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0}).Reload()


def written(files: SweepFiles) -> dict[Path, bytes]:
    return {path.relative_to(files.tensorboard): path.read_bytes() for path in files.tensorboard.rglob("*tfevents*")}


def test_every_trial_is_a_run_with_a_file_for_each_rung(files: SweepFiles) -> None:
    EventFiles(files, "fid").catch_up()
    names = {str(path) for path in written(files)}
    assert len(names) == 13
    assert {name for name in names if "004" in name} == {f"trial-004/events.out.tfevents.0{rung}" for rung in range(3)}


def test_a_run_holds_the_points_of_all_rungs_under_the_names_that_mlflow_shows(files: SweepFiles) -> None:
    EventFiles(files, "fid").catch_up()
    run = read(files.tensorboard / "trial-004")
    expected = [point for rung in range(3) for point in evaluation_points(evaluation(4, rung), "fid")]
    assert set(run.Tags()["scalars"]) == {point.key for point in expected} >= {"loss/L", "loss/J", "cv/fid"}
    for key in run.Tags()["scalars"]:
        found = [(event.step, round(event.wall_time * 1000), event.value) for event in run.Scalars(key)]
        wanted = [(point.step, point.timestamp, pytest.approx(point.value)) for point in expected if point.key == key]
        assert found == wanted
    assert [event.step for event in run.Scalars("loss/L")] == list(range(1, 10))


def test_the_samples_of_each_rung_are_there_with_the_epochs_as_step(files: SweepFiles) -> None:
    EventFiles(files, "fid").catch_up()
    images = read(files.tensorboard / "trial-004").Images("samples")
    assert [(image.step, image.width, image.height) for image in images] == [
        (1, 160, 160),
        (3, 160, 160),
        (9, 160, 160),
    ]
    assert [image.encoded_image_string for image in images] == [
        files.samples(4, rung).read_bytes() for rung in range(3)
    ]


def test_the_hyperparameters_are_there_once(files: SweepFiles) -> None:
    EventFiles(files, "fid").catch_up()
    run = read(files.tensorboard / "trial-004")
    contents = run.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    told = HParamsPluginData.FromString(contents).session_start_info
    assert told.group_name == "trial-004"
    values = {name: value.string_value or value.number_value for name, value in told.hparams.items()}
    assert values == hyperparameters(4)


def test_catching_up_twice_or_after_a_kill_changes_nothing(files: SweepFiles) -> None:
    events = EventFiles(files, "fid")
    events.catch_up()
    before = written(files)
    (files.tensorboard / "trial-004" / "events.out.tfevents.01").unlink()
    (files.tensorboard / ".4-1").write_bytes(b"half of it")
    events.catch_up()
    events.catch_up()
    assert written(files) == before
    assert [path.name for path in files.tensorboard.iterdir() if path.name.startswith(".")] == []


def test_an_event_file_that_is_there_is_left_alone(files: SweepFiles) -> None:
    events, result = EventFiles(files, "fid"), evaluation(0, 0)
    events.write(result)
    events.write(replace(result, ended=result.ended + 1))
    assert events.path(result).read_bytes() == event_file(result, "fid", files.samples(0, 0).read_bytes())


def test_the_same_result_is_the_same_bytes() -> None:
    assert event_file(evaluation(0, 0), "fid", None) == event_file(evaluation(0, 0), "fid", None)


def test_a_trial_that_diverged_keeps_its_curves(home: Home) -> None:
    files, result = home.sweep(FACTS.experiment), diverged(2, 1)
    EventFiles(files, "fid").write(result)
    run = read(files.tensorboard / "trial-002")
    assert [event.step for event in run.Scalars("loss/L")] == [2]
    assert "cv/fid" not in run.Tags()["scalars"]
    assert run.Tags()["images"] == []


def test_a_folder_that_cannot_be_written_is_an_outage_of_the_record(home: Home) -> None:
    files = home.sweep(FACTS.experiment)
    files.root.mkdir(parents=True)
    files.tensorboard.touch()
    with pytest.raises(RecordError, match="TensorBoard's files must be writable, but"):
        EventFiles(files, "fid").write(evaluation(0, 0))


def test_the_record_of_a_running_sweep_writes_them_as_results_come_in(home: Home) -> None:
    files = home.sweep(FACTS.experiment)
    recorder = Recorder(f"sqlite:///{home.record}", home.artifacts, FACTS)
    home.root.mkdir()
    record = SweepRecord(recorder, files, events=EventFiles(files, "fid"))
    results: list[EvaluationResult] = [evaluation(4, rung) for rung in range(3)]
    try:
        for result in [*results, *results]:
            record.take(result)
        assert record.drain(SECONDS)
    finally:
        record.close()
    assert len(written(files)) == 3
