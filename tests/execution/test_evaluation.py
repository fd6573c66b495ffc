"""One evaluation on real digits: complete, repeatable, continued or trained anew to the same bits."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from models.base import GenerativeModel
from models.build import build
from models.datasets import load_training
from models.fold_group import FoldGroup
from models.metrics.scoring import Scorer
from models.rule import Value
from sweeps.errors import StorageError
from sweeps.execution import evaluation
from sweeps.execution.evaluation import evaluate
from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import Home, file_sha256
from sweeps.execution.supplies import Supplies
from sweeps.execution.workbench import Workbench, set_up_workbench
from sweeps.search.cross_validation import assign_folds
from sweeps.search.search import Evaluation
from sweeps.search.seeds import Purpose, derive_seed
from tests.sweep_on_disk import small_spec

SPEC = small_spec(dataset={"name": "digits", "limit": 300})
CONFIGURATION = {"beta": 2.0, "lr": 0.005}
FIRST = Evaluation(trial=1, bracket=0, rung=0, epochs=1, configuration=CONFIGURATION)
SECOND = Evaluation(trial=1, bracket=0, rung=1, epochs=3, configuration=CONFIGURATION)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A worker's table, set up once; each test puts its own home on it."""
    dataset = load_training("digits", limit=300)
    folds = assign_folds(dataset.labels, SPEC.folds, derive_seed(SPEC.seed, Purpose.SPLIT))
    home = Home(tmp_path_factory.mktemp("unused"))
    return set_up_workbench(Supplies(SPEC, home.sweep(SPEC.sweep_id), home.features, dataset, folds))


@pytest.fixture
def bench(table: Workbench, home: Home) -> Workbench:
    return replace(table, files=home.sweep(SPEC.sweep_id))


def arithmetic(result: EvaluationResult) -> object:
    """Return what must be the same whoever computed it."""
    return result.folds, result.scores, result.curves, result.checkpoint_sha256


def test_a_result_is_complete(bench: Workbench) -> None:
    result = evaluate(bench, FIRST)
    assert (result.sweep_id, result.trial, result.bracket, result.rung, result.epochs) == (SPEC.sweep_id, 1, 0, 0, 1)
    assert result.hyperparameters == SPEC.hyperparameters(CONFIGURATION)
    assert (result.state, result.reason) == ("scored", "")
    assert result.folds == result.scores["fid"]
    assert set(result.scores) == {"fid", "fid_floor", "nelbo"}
    assert all(len(values) == 3 and all(map(math.isfinite, values)) for values in result.scores.values())
    assert set(result.curves) == {"loss/L", "loss/J", "train/reconstruction", "train/kl"}
    assert all([len(fold) for fold in folds] == [1, 1, 1] for folds in result.curves.values())
    assert result.started <= result.epoch_times[0] <= result.ended
    assert result.train_seconds > 0 < result.score_seconds
    assert result.feature_network == bench.feature_network != ""
    assert result.checkpoint_sha256 == file_sha256(bench.files.checkpoint(1, 0))
    assert bench.files.read_result(1, 0) == result
    with Image.open(bench.files.samples(1, 0)) as picture:
        assert picture.size == (10 * 26 + 2, 6 * 26 + 2)


def test_a_rung_continues_where_the_last_one_ended(bench: Workbench) -> None:
    evaluate(bench, FIRST)
    result = evaluate(bench, SECOND)
    assert (result.first_epoch, result.epochs, len(result.epoch_times)) == (2, 3, 2)
    assert all([len(fold) for fold in folds] == [2, 2, 2] for folds in result.curves.values())
    assert int(load_file(bench.files.checkpoint(1, 1))["epochs"]) == 3


def test_an_evaluation_that_has_its_result_is_not_computed_again(bench: Workbench) -> None:
    result = evaluate(bench, FIRST)
    bench.files.checkpoint(1, 0).unlink()
    bench.files.samples(1, 0).unlink()
    assert evaluate(bench, FIRST) == result
    assert not bench.files.checkpoint(1, 0).exists()


def test_the_same_evaluation_elsewhere_gives_the_same_bits(bench: Workbench, odd_path: Path) -> None:
    torch.manual_seed(1)
    here = evaluate(bench, FIRST)
    torch.manual_seed(2)
    there = evaluate(replace(bench, files=Home(odd_path / "elsewhere").sweep(SPEC.sweep_id)), FIRST)
    assert arithmetic(here) == arithmetic(there)


def test_without_its_checkpoint_a_trial_is_trained_from_its_start_to_the_same_bits(
    bench: Workbench, odd_path: Path
) -> None:
    evaluate(bench, FIRST)
    continued = evaluate(bench, SECOND)
    anew = replace(bench, files=Home(odd_path / "elsewhere").sweep(SPEC.sweep_id))
    evaluate(anew, FIRST)
    anew.files.checkpoint(1, 0).unlink()
    result = evaluate(anew, SECOND)
    assert arithmetic(result) == arithmetic(continued)
    assert (result.first_epoch, len(result.epoch_times)) == (2, 2)


def test_a_sweep_in_bf16_trains_other_weights_and_continues_them_to_the_same_bits(
    bench: Workbench, odd_path: Path
) -> None:
    spec = SPEC.model_copy(update={"precision": "bf16"})
    reduced, anew = (replace(bench, spec=spec, files=Home(odd_path / name).sweep(spec.sweep_id)) for name in "ab")
    first = evaluate(reduced, FIRST)
    assert first.curves["loss/L"][0] == pytest.approx(evaluate(bench, FIRST).curves["loss/L"][0], rel=1e-3)
    assert first.curves != evaluate(bench, FIRST).curves
    evaluate(anew, FIRST)
    anew.files.checkpoint(1, 0).unlink()
    assert arithmetic(evaluate(anew, SECOND)) == arithmetic(evaluate(reduced, SECOND))


def test_a_damaged_checkpoint_is_refused_with_its_path_and_left_alone(bench: Workbench) -> None:
    evaluate(bench, FIRST)
    path = bench.files.checkpoint(1, 0)
    damaged = path.read_bytes()[:-1] + b"\x01"
    path.write_bytes(damaged)
    with pytest.raises(StorageError) as caught:
        evaluate(bench, SECOND)
    assert str(path) in str(caught.value)
    assert "move it away to have its epochs trained again" in str(caught.value)
    assert path.read_bytes() == damaged
    assert bench.files.read_result(1, 1) is None


def test_a_damaged_result_below_is_refused_with_its_path(bench: Workbench) -> None:
    evaluate(bench, FIRST)
    path = bench.files.result(1, 0)
    path.write_text("{")
    with pytest.raises(StorageError) as caught:
        evaluate(bench, SECOND)
    assert str(path) in str(caught.value)


def test_divergence_is_a_result_with_epoch_and_reason_and_leaves_no_checkpoint(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "build", build_overflowing)
    result = evaluate(bench, SECOND)
    assert (result.state, result.reason) == ("diverged", "loss/L became non-finite in epoch 1 of fold 0")
    assert (result.folds, result.scores, result.checkpoint_sha256, result.mean) == ([], {}, "", None)
    assert all(fold == [] for folds in result.curves.values() for fold in folds)
    assert not bench.files.checkpoint(1, 1).exists()
    assert bench.files.read_result(1, 1) == result


def build_overflowing(
    model: str, hyperparameters: Mapping[str, Value], *, side: int, classes: int, seed: int, levels: int
) -> GenerativeModel:
    """Build a model whose first products overflow."""
    built = build(model, hyperparameters, side=side, classes=classes, seed=seed, levels=levels)
    for weights in built.parameters():
        weights.data.mul_(1e30)
    return built


def test_a_score_that_is_not_finite_is_divergence_too(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Scorer.score

    def broken_at_fold_1(self: Scorer, model: object, fold: int, generator: torch.Generator) -> dict[str, float]:
        scores = sound(self, model, fold, generator)  # type: ignore[arg-type]  # handed on as it came
        return {**scores, "fid": math.inf} if fold == 1 else scores

    monkeypatch.setattr(Scorer, "score", broken_at_fold_1)
    result = evaluate(bench, FIRST)
    assert (result.state, result.reason) == ("diverged", "fid is not finite after epoch 1 of fold 1")
    assert (result.folds, result.scores, result.checkpoint_sha256) == ([], {}, "")
    assert not bench.files.checkpoint(FIRST.trial, FIRST.rung).exists()
    assert not bench.files.samples(FIRST.trial, FIRST.rung).exists()


def test_alarms_of_the_models_are_told_by_fold(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FoldGroup, "alarms", lambda _: {"codes_ignored": [1]})
    assert evaluate(bench, FIRST).alarms == {"codes_ignored": [1]}
    assert evaluate(bench, FIRST).status == "scored, codes_ignored in folds 1"


def test_the_objective_decides_which_score_the_folds_are(table: Workbench, home: Home) -> None:
    spec = small_spec(dataset={"name": "digits", "limit": 300}, objective="nelbo")
    result = evaluate(replace(table, spec=spec, files=home.sweep(spec.sweep_id)), FIRST)
    assert result.folds == result.scores["nelbo"] != result.scores["fid"]


def test_training_makes_it_better(bench: Workbench) -> None:
    evaluate(bench, FIRST)
    later = evaluate(bench, SECOND)
    first = bench.files.read_result(1, 0)
    assert first is not None
    assert all(after < before for after, before in zip(later.scores["nelbo"], first.scores["nelbo"], strict=True))
