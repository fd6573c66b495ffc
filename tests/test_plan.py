"""A plan: the ladder's numbers, and estimates from shipped figures or from the home's own sweeps."""

import math
from itertools import product

import pytest

from models.dataset_facts import DATASETS
from models.hyperparameters import HYPERPARAMETERS
from search_spaces.shipped import shipped_names
from sweeps.execution.storage import Home, SweepFiles
from sweeps.plan import SECONDS_PER_SCORE, START_SECONDS, make_plan
from tests.sweep_on_disk import begin, finish, small_spec


def test_the_plan_for_scripts_holds_counts_and_every_rung(home: Home) -> None:
    shown = make_plan(small_spec(folds=10, hyperband={"max_epochs": 9}), home.sweeps(), workers=2).as_json()
    assert (shown["trials"], shown["evaluations"], shown["fold_epochs"]) == (17, 22, 690)
    rungs = [[(r["trials"], r["folds"], r["epochs"]) for r in b["rungs"]] for b in shown["brackets"]]
    assert rungs == [[(9, 10, 1), (3, 10, 3), (1, 10, 9)], [(5, 10, 3), (1, 10, 9)], [(3, 10, 9)]]


def test_the_plan_for_scripts_tells_what_a_preset_fixes_and_how_long_it_trains(home: Home) -> None:
    shown = make_plan(small_spec(preset="article", hyperband={}), home.sweeps(), workers=1).as_json()
    assert (shown["preset"], shown["max_epochs"], shown["searched"]) == ("article", 81, ["beta", "lr"])
    assert shown["fixed"] == {"latent_dim": 4, "hidden": 16, "batch_size": 64}
    assert make_plan(small_spec(), home.sweeps(), workers=1).as_json()["preset"] is None


def test_every_model_and_dataset_has_an_estimate(home: Home) -> None:
    assert set(shipped_names()) == set(HYPERPARAMETERS)
    for model, dataset in product(HYPERPARAMETERS, DATASETS):
        spec = small_spec(model=model, space=model, dataset=dataset, fixed={})
        estimate = make_plan(spec, home.sweeps(), workers=1).estimate
        assert START_SECONDS < estimate.seconds < math.inf
        assert 0 < estimate.disk_bytes < math.inf
        assert estimate.basis == "figures measured on another machine"


def test_more_workers_share_the_work_but_not_the_start(home: Home) -> None:
    spec = small_spec(folds=10, hyperband={"max_epochs": 81})
    alone, four = (make_plan(spec, home.sweeps(), workers).estimate.seconds for workers in (1, 4))
    assert four - START_SECONDS == pytest.approx((alone - START_SECONDS) / 4)


def test_a_sweep_of_the_same_kind_in_the_home_is_the_basis(home: Home) -> None:
    """Each result took 1.5 s for 3 folds: of 1 epoch at rung 0, of 2 at rung 1, of 3 in bracket 1."""
    begin(home, small_spec())
    spec = small_spec(seed=1)
    estimate = make_plan(spec, home.sweeps(), workers=1).estimate
    assert estimate.basis == "earlier sweeps in this home"
    per_fold_epoch = sorted([0.5, 0.5, 0.5, 0.25, 0.5 / 3, 0.5 / 3])
    median = (per_fold_epoch[2] + per_fold_epoch[3]) / 2
    fold_epochs, scores = spec.ladder().epochs * 3, spec.ladder().evaluations * 3
    assert estimate.seconds == pytest.approx(START_SECONDS + fold_epochs * median + scores * SECONDS_PER_SCORE[8])


def test_the_results_of_a_sweep_that_has_ended_are_read_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    finish(home, small_spec())
    first = make_plan(small_spec(seed=1), home.sweeps(), workers=1)
    monkeypatch.delattr(SweepFiles, "evaluations")
    assert first.estimate.basis == "earlier sweeps in this home"
    assert make_plan(small_spec(seed=1), home.sweeps(), workers=1) == first


def test_sweeps_of_another_kind_are_no_basis(home: Home) -> None:
    begin(home, small_spec(folds=4))
    begin(home, small_spec(resources={"cpus": 2}))
    begin(home, small_spec(precision="bf16"))
    begin(home, small_spec(model="infogan", space="infogan", fixed={}))
    assert make_plan(small_spec(), home.sweeps(), workers=1).estimate.basis == "figures measured on another machine"


def test_a_damaged_sweep_beside_it_keeps_no_plan_from_being_made(home: Home) -> None:
    damaged = begin(home, small_spec())
    damaged.result(0, 0).write_text("{")
    assert (
        make_plan(small_spec(seed=1), home.sweeps(), workers=1).estimate.basis == "figures measured on another machine"
    )
