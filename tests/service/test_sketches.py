"""Results as pages draw them: each read once, and only of the sweeps that were looked at lately."""

import pytest

from sweeps.errors import StorageError
from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import Home, SweepFiles
from sweeps.search.cross_validation import fold_mean, standard_error
from sweeps.service import sketches
from sweeps.service.sketches import Sketch, Sketches
from tests.record.synthetic import diverged, evaluation
from tests.sweep_on_disk import begin, small_spec

SPEC = small_spec()


def test_a_sketch_keeps_folds_and_the_mean_of_each_curve() -> None:
    result = evaluation(4, 2)
    sketch = Sketch.of(result)
    assert (sketch.mean, sketch.standard_error) == (result.mean, standard_error(result.folds))
    assert sketch.hyperparameters == result.hyperparameters
    for term, folds in result.curves.items():
        assert len(sketch.curves[term]) == 6
        assert sketch.curves[term][3] == fold_mean([fold[3] for fold in folds])


def test_a_result_without_a_score_has_no_mean() -> None:
    sketch = Sketch.of(diverged(2, 1))
    assert (sketch.mean, sketch.standard_error, sketch.state) == (None, None, "diverged")
    assert len(sketch.curves["loss/L"]) == 1


def test_each_result_is_read_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[tuple[int, int]] = []
    read = SweepFiles.read_result

    def noting(files: SweepFiles, trial: int, rung: int) -> EvaluationResult | None:
        reads.append((trial, rung))
        return read(files, trial, rung)

    files, kept = begin(home, SPEC, evaluations=4), Sketches()
    monkeypatch.setattr(SweepFiles, "read_result", noting)
    assert [(each.trial, each.rung) for each in kept.of(files)] == files.evaluations() == reads
    monkeypatch.undo()
    begin(home, SPEC)
    monkeypatch.setattr(SweepFiles, "read_result", noting)
    assert len(kept.of(files)) == 6
    assert sorted(reads) == files.evaluations()


def test_a_result_that_was_moved_away_is_not_told(home: Home) -> None:
    files, kept = begin(home, SPEC), Sketches()
    kept.of(files)
    files.result(1, 0).unlink()
    assert (1, 0) not in {(each.trial, each.rung) for each in kept.of(files)}


def test_a_damaged_result_is_named(home: Home) -> None:
    files = begin(home, SPEC)
    files.result(1, 0).write_text("{")
    with pytest.raises(StorageError, match=r"evaluations/00001/0\.json"):
        Sketches().of(files)


def test_only_the_latest_sweeps_are_kept(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketches, "MOST", 2)
    files, kept = begin(home, SPEC), Sketches()
    (first, *_) = kept.of(files)
    assert kept.of(files)[0] is first
    for name in ("a", "b"):
        kept.of(home.sweep(name))
    assert kept.of(files)[0] is not first
