"""What a finished sweep tells when it is run again, and when its files are not enough."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from sweeps.conclude import DataFacts, choose, write_best
from sweeps.errors import StorageError
from sweeps.execution.storage import Home, SweepFiles
from sweeps.record.recorder import Recorder, SweepFacts
from sweeps.search.search import Outcome
from sweeps.sweep_report import SweepReport, read_finished, write_conclusion
from tests.sweep_on_disk import begin, new_search, small_spec

SPEC = small_spec()


def uri(home: Home) -> str:
    return f"sqlite:///{home.record}"


def told(home: Home, tracking_uri: str | None = None) -> SweepReport | None:
    files = home.sweep(SPEC.sweep_id)
    return read_finished(files, SPEC.folds, tracking_uri or uri(home), files.sweep_id, begun=time.monotonic())


@pytest.fixture
def ended(home: Home) -> SweepReport:
    """The report of a sweep that has just finished and is recorded, as its driver leaves it."""
    files, search = begin(home, SPEC), new_search(SPEC)
    results = list(files.results())
    recorder = Recorder(uri(home), home.artifacts, SweepFacts(SPEC.sweep_id, SPEC.name, {}, {}, "fid", ("beta",)))
    recorder.open()
    for result in results:
        search.tell(Outcome(result.trial, result.rung, tuple(result.folds)))
        recorder.record(result, None)
    for trial in {result.trial for result in results}:
        recorder.close_trial(trial, status="FINISHED", why="")
    verdict = choose(SPEC, search)
    assert verdict is not None
    run_id = recorder.run_id(verdict.champion.trial)
    best = write_best(SPEC, files, verdict, DataFacts("1" * 64, "2" * 64), tracking_uri=uri(home), run_id=run_id)
    files.figures.mkdir()
    (files.figures / "sweep.png").write_bytes(b"a picture")
    recorder.finish(status="FINISHED", metrics={}, artifacts=[])
    report = SweepReport(files, "finished", results, restored=0, folds=SPEC.folds, seconds=20.0, best=best)
    write_conclusion(report)
    return report


def test_a_report_counts_what_its_results_are(ended: SweepReport) -> None:
    shown = ended.as_json()
    assert (shown["trials"], shown["evaluations"], shown["computed"], shown["restored"]) == (5, 6, 6, 0)
    assert shown["fold_epochs"] == 33
    assert (shown["champion"]["trial"], shown["seconds"], shown["record_trouble"]) == (0, 20.0, "")
    assert [figure.name for figure in ended.figures] == ["sweep.png"]
    assert replace(ended, best=None).figures == []


def test_a_finished_sweep_is_told_again_from_its_files(ended: SweepReport, home: Home) -> None:
    again = told(home)
    assert again is not None
    assert again == replace(ended, restored=6, seconds=again.seconds)
    assert list(again.as_json()) == list(ended.as_json())
    assert 0 <= again.seconds < 20
    assert again.best == ended.best


@pytest.mark.parametrize("state", ["failed", "interrupted"])
def test_a_sweep_that_did_not_finish_is_not_told_from_its_files(ended: SweepReport, home: Home, state: str) -> None:
    conclusion = json.loads(ended.files.conclusion.read_text())
    ended.files.conclusion.write_text(json.dumps({**conclusion, "state": state}))
    assert told(home) is None


@pytest.mark.parametrize(
    "lose",
    [
        lambda home, files: files.conclusion.unlink(),
        lambda home, files: files.best.unlink(),
        lambda home, files: files.best.write_text("model: x"),
        lambda home, files: shutil.rmtree(files.figures),
        lambda home, files: files.result(4, 0).unlink(),
        lambda home, files: home.record.unlink(),
    ],
    ids=["conclusion", "best.yaml", "half of best.yaml", "figures", "a result", "record"],
)
def test_whatever_is_lost_is_not_told_but_done_again(
    ended: SweepReport, home: Home, lose: Callable[[Home, SweepFiles], None]
) -> None:
    lose(home, ended.files)
    assert told(home) is None


def test_a_record_elsewhere_is_not_complete(ended: SweepReport, home: Home) -> None:
    elsewhere = home.root / "another.db"
    assert told(home, f"sqlite:///{elsewhere}") is None
    shutil.copyfile(home.record, elsewhere)
    assert told(home, f"sqlite:///{elsewhere}") is None  # best.yaml names the first


def test_other_results_need_another_conclusion(ended: SweepReport, home: Home) -> None:
    result = ended.results[-1]
    ended.files.result(result.trial, result.rung).unlink()
    ended.files.write_result(replace(result, folds=[fold + 1 for fold in result.folds]))
    assert told(home) is None


def test_a_best_yaml_of_another_champion_is_not_believed(ended: SweepReport, home: Home) -> None:
    assert ended.best is not None
    other = ended.best.model_copy(update={"champion": ended.best.champion.model_copy(update={"trial": 1})})
    ended.files.best.write_text(other.to_yaml())
    assert told(home) is None


def test_a_damaged_result_is_refused_with_its_path(ended: SweepReport, home: Home) -> None:
    path = ended.files.result(0, 0)
    path.write_text(path.read_text()[:-20])
    with pytest.raises(StorageError) as caught:
        told(home)
    assert str(path) in str(caught.value)
