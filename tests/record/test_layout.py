"""Which points, parameters and tags an evaluation becomes."""

import math
from dataclasses import replace

import pytest

from sweeps.record.layout import evaluation_points, evaluation_tags, log10_name, parameters, run_name
from tests.record.synthetic import FOLDS, diverged, evaluation, hyperparameters, sweep_results


def test_a_curve_is_the_mean_over_folds_at_its_epoch_and_time() -> None:
    result = evaluation(trial=2, rung=1)
    points = [point for point in evaluation_points(result, "fid") if point.key == "loss/L"]
    folds = result.curves["loss/L"]
    assert [point.step for point in points] == [2, 3]
    assert [point.timestamp for point in points] == result.epoch_times
    assert [point.value for point in points] == pytest.approx([sum(f[i] for f in folds) / FOLDS for i in range(2)])


def test_the_objective_comes_with_mean_standard_error_and_folds() -> None:
    result = evaluation(trial=4, rung=2)
    by_key = {point.key: point for point in evaluation_points(result, "fid") if point.step == result.epochs}
    variance = sum((fold - sum(result.folds) / 10) ** 2 for fold in result.folds) / 9
    assert by_key["cv/fid"].value == pytest.approx(sum(result.folds) / 10)
    assert by_key["cv/fid_se"].value == pytest.approx(math.sqrt(variance * (1 / 10 + 1 / 9)))
    folds = [point for point in evaluation_points(result, "fid") if point.key == "cv_folds/fid_rung2"]
    assert [(point.step, point.value) for point in folds] == list(enumerate(result.folds))


def test_no_metric_has_two_points_with_one_step_over_all_rungs_of_a_trial() -> None:
    results = [result for result in sweep_results() if result.trial == 4]
    points = [point for result in results for point in evaluation_points(result, "fid")]
    assert len(results) == 3
    assert len({(point.key, point.step) for point in points}) == len(points)


def test_a_single_fold_has_no_standard_error() -> None:
    result = evaluation(trial=0, rung=0)
    single = replace(result, folds=result.folds[:1])
    assert "cv/fid_se" not in {point.key for point in evaluation_points(single, "fid")}


def test_a_diverged_evaluation_has_the_epochs_that_all_folds_reached_and_no_scores() -> None:
    result = diverged(trial=2, rung=1)
    keys = {point.key for point in evaluation_points(result, "fid")}
    assert {point.step for point in evaluation_points(result, "fid") if point.key == "loss/L"} == {2}
    assert not [key for key in keys if key.startswith(("cv", "val"))]


def test_points_that_are_not_finite_are_left_out() -> None:
    result = evaluation(trial=0, rung=1)
    curves = {"loss/L": [[1.0, math.inf]] * FOLDS}
    points = evaluation_points(replace(result, curves=curves, scores={"fid": [math.nan]}), "fid")
    assert [point.step for point in points if point.key == "loss/L"] == [2]
    assert "val/fid" not in {point.key for point in points}


def test_the_tags_vouch_for_the_rung() -> None:
    assert evaluation_tags(evaluation(trial=2, rung=1)) == {
        "sweep.state": "scored",
        "sweep.epochs": "3",
        "sweep.rung": "1",
    }
    assert evaluation_tags(diverged(trial=2, rung=1))["sweep.reason"] == "fold 3 became non-finite at epoch 2"


def test_parameters_are_exact_and_log_scaled_ones_come_as_logarithms_too() -> None:
    written = parameters(hyperparameters(5), ("beta", "lr"))
    assert float(written["lr"]) == hyperparameters(5)["lr"]
    assert written["log10_beta"] == "1"
    assert float(written[log10_name("lr")]) == pytest.approx(math.log10(float(written["lr"])), rel=1e-5)
    assert set(written) == {*hyperparameters(5), "log10_beta", "log10_lr"}


def test_zero_has_no_logarithm() -> None:
    assert parameters({"alpha": 0.0}, ("alpha",)) == {"alpha": "0.0"}


def test_run_names_sort_as_the_trials_do() -> None:
    assert sorted(map(run_name, (10, 9, 100))) == ["trial-009", "trial-010", "trial-100"]
