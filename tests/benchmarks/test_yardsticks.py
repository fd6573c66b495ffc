"""The yardsticks' program in a quick run, and trainings that are stopped and go on."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import models
from benchmarks.yardstick.bench import open_bench
from benchmarks.yardstick.report import Figure, Report, as_json, as_text
from benchmarks.yardstick.training import Recipe, Stage, train
from benchmarks.yardsticks import main
from models.datasets import load_training
from models.fold_group import FoldGroup
from models.precision import Precision
from sweeps.final_training import train_champion
from tests.best_on_disk import LIMIT, best_config

TRAINING = load_training("digits", limit=LIMIT)

RECIPE = Recipe("vae", {"hidden": 8, "lr": 1e-3}, (Stage(2), Stage(1, {"lr": 1e-2})))


def test_a_quick_run_measures_without_limits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["yardsticks", "vae_long", "--quick", "--json", "--work", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    told = json.loads(capsys.readouterr().out)
    by_name = {figure["name"]: figure["value"] for figure in told["figures"]}
    nll, bound = by_name["test NLL, nats per image"], by_name["nelbo, nats per image"]
    assert 20 < nll < bound < 64 * 0.6931
    assert {figure["limit"] for figure in told["figures"]} == {None}
    assert told["settings"]["schedule"] == "1 epochs at 0.001, then 1 epochs at 0.0003"


def test_one_stage_trains_what_sweeps_train_does(tmp_path: Path) -> None:
    best = best_config("vae", epochs=3, seed=7)
    train_champion(best, tmp_path / "model", data=None, threads=1, watch=lambda epoch: None)
    recipe = Recipe("vae", best.champion.hyperparameters, (Stage(3),), seed=7)
    expected = models.load(tmp_path / "model").state_dict()
    for name, value in _weights(recipe, tmp_path / "work").items():
        assert torch.equal(value, expected[name])


@pytest.mark.parametrize("stopped_in", [2, 3])
def test_a_training_that_was_stopped_goes_on_and_ends_with_the_same_weights(
    stopped_in: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = _weights(RECIPE, tmp_path / "undisturbed")
    trained: list[int] = []
    train_to = FoldGroup.train_to

    def count_or_stop(group: FoldGroup, epochs: int, *, precision: Precision) -> None:
        trained.append(epochs)
        if trained.count(stopped_in) == 1 and epochs == stopped_in:
            raise SystemExit  # what Lightning makes of Ctrl-C
        train_to(group, epochs, precision=precision)

    monkeypatch.setattr(FoldGroup, "train_to", count_or_stop)
    with pytest.raises(KeyboardInterrupt):
        _weights(RECIPE, tmp_path / "stopped")
    continued = _weights(RECIPE, tmp_path / "stopped")
    assert trained == sorted([1, 2, 3, stopped_in])
    for name, value in undisturbed.items():
        assert torch.equal(continued[name], value)


def test_a_longer_schedule_goes_on_from_the_stages_it_shares_and_no_other(tmp_path: Path) -> None:
    first, second = RECIPE.stages
    _weights(replace(RECIPE, stages=(first,)), tmp_path)
    _weights(RECIPE, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    for other in (replace(RECIPE, seed=1), replace(RECIPE, hyperparameters={"hidden": 9, "lr": 1e-3})):
        _weights(other, tmp_path)
    assert len(list(tmp_path.iterdir())) == 6
    slower = _weights(replace(RECIPE, stages=(first, replace(second, changes={}))), tmp_path)
    assert len(list(tmp_path.iterdir())) == 7
    assert not torch.equal(slower["decoder.0.weight"], _weights(RECIPE, tmp_path)["decoder.0.weight"])


def test_a_training_that_diverges_is_refused(tmp_path: Path) -> None:
    broken = replace(TRAINING, images=TRAINING.images * np.float32(math.nan))
    with (
        open_bench(None, tmp_path, quick=True) as bench,
        pytest.raises(ValueError, match="training must stay finite, but loss/L became non-finite in epoch 1"),
    ):
        train(replace(RECIPE, hyperparameters={"decoder": "gaussian"}), broken, bench)


def test_a_report_tells_what_is_reached_and_what_is_missed() -> None:
    figures = (
        Figure("nll", 91.0, 92.0),
        Figure("accuracy", 0.85, 0.9, "at least"),
        Figure("information", 2.25, 2.2, "at least"),
        Figure("broken", math.nan, 1.0),
        Figure("share", 0.25),
    )
    report = Report(figures, {"epochs": 3}, (0, 1))
    assert [figure.reached for figure in figures] == [True, False, True, False, None]
    assert report.missed
    assert not Report(figures[:1] + figures[4:], {}, (0,)).missed
    lines = as_text("name", report, 90.0).splitlines()
    assert lines[1:3] == ["  nll: 91, at most 92: reached", "  accuracy: 0.85, at least 0.9: MISSED"]
    assert lines[5:8] == ["  share: 0.25", "  epochs: 3", "  seeds: 0, 1"]
    assert lines[8].startswith("  1.5 minutes")
    assert [figure["reached"] for figure in json.loads(as_json("name", report, 90.0))["figures"]][1] is False


def _weights(recipe: Recipe, work: Path) -> dict[str, Tensor]:
    with open_bench(None, work, quick=True) as bench:
        return dict(train(recipe, TRAINING, bench).state_dict())
