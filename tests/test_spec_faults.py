"""Faults of form: a typo is told the nearest name, a value of the wrong form its place, and nothing swells."""

import json
from typing import Any

import pytest

from sweeps.errors import Fault, SpecError
from sweeps.spec_checks import parse_spec
from sweeps.spec_faults import MAX_FAULTS
from tests.faulty_specs import BETA, fault_of, faults_of


def test_an_empty_spec_is_told_every_required_key() -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec({})
    assert [fault.path for fault in caught.value.faults] == ["name", "model", "dataset", "space", "hyperband"]
    assert {fault.rule for fault in caught.value.faults} == {"this key is required"}


@pytest.mark.parametrize(
    ("changes", "path", "nearest"),
    [
        ({"modle": "beta_vae"}, "modle", "model"),
        ({"model": "beta-vae", "space": {}}, "model", "beta_vae"),
        ({"dataset": "digit"}, "dataset", "digits"),
        ({"dataset": {"name": "mnits"}}, "dataset", "mnist"),
        ({"dataset": {"name": "digits", "limits": 100}}, "dataset.limits", "limit"),
        ({"space": "beta_vaes"}, "space", "beta_vae"),
        ({"objective": "fids"}, "objective", "fid"),
        ({"fixed": {"latent_dims": 3}}, "fixed.latent_dims", "latent_dim"),
        ({"space": {"bta": BETA}}, "space.bta", "beta"),
        ({"space": {"beta": {**BETA, "lows": 1}}}, "space.beta.lows", "low"),
        ({"space": {"beta": {**BETA, "type": "loguniform"}}}, "space.beta.type", "log_uniform"),
        ({"hyperband": {"max_epoch": 9}}, "hyperband.max_epoch", "max_epochs"),
        ({"resources": {"cpu": 1}}, "resources.cpu", "cpus"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_typo_is_told_the_nearest_valid_name(changes: dict[str, Any], path: str, nearest: str) -> None:
    (fault,) = [fault for fault in faults_of(**changes) if fault.path == path]
    assert fault.remedy == f"Did you mean {nearest}?"


def test_a_name_like_no_other_is_told_all_that_there_are() -> None:
    fault = fault_of(dataset="xyz")
    assert fault == Fault(
        "dataset", "it must be a dataset that ships", "'xyz'", "There are: digits, affine-digits, mnist, fashion-mnist."
    )


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": "../etc"}, "name"),
        ({"name": "a" * 64}, "name"),
        ({"name": 3}, "name"),
        ({"seed": -1}, "seed"),
        ({"seed": True}, "seed"),
        ({"seed": 1.0}, "seed"),
        ({"folds": "10"}, "folds"),
        ({"searcher": "grid"}, "searcher"),
        ({"dataset": None}, "dataset"),
        ({"dataset": {"name": "digits", "limit": 0}}, "dataset.limit"),
        ({"hyperband": {"max_epochs": 9, "eta": 1}}, "hyperband.eta"),
        ({"hyperband": {"max_epochs": 0}}, "hyperband.max_epochs"),
        ({"hyperband": 9}, "hyperband"),
        ({"resources": {"gpus": -1}}, "resources.gpus"),
        ({"precision": "medium"}, "precision"),
        ({"fixed": ["latent_dim"]}, "fixed"),
        ({"fixed": {"latent_dim": [16]}}, "fixed.latent_dim"),
        ({"fixed": {"lr": float("nan")}}, "fixed.lr"),
        ({"space": {"beta": {"type": "uniform", "low": 0, "high": float("inf")}}}, "space.beta.high"),
        ({"space": {"beta": {"type": "uniform", "low": 0}}}, "space.beta.high"),
        ({"space": {"beta": {"type": "uniform", "low": 0, "high": 10**400}}}, "space.beta.high"),
        ({"space": {"hidden": {"type": "integer", "low": 8, "high": 10**400}}}, "space.hidden.high"),
        ({"space": {"hidden": {"type": "integer", "low": 8.0, "high": 16}}}, "space.hidden.low"),
        ({"fixed": {None: 1}}, "fixed.None.[key]"),
        ({"space": {"beta": {"low": 0, "high": 1}}}, "space.beta.type"),
        ({"space": {"beta": 3}}, "space.beta"),
        ({"space": {"hidden": {"type": "choice", "values": []}}}, "space.hidden.values"),
        ({"space": {"hidden": {"type": "choice", "values": [64, 64]}}}, "space.hidden"),
        ({"space": {"hidden": {"type": "choice", "values": [64, "wide"]}}}, "space.hidden"),
        ({"space": {"hidden": {"type": "uniform", "low": 8, "high": 16}}}, "space.hidden"),
        ({"space": ["beta"]}, "space"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_of_the_wrong_form_is_told_at_its_place(changes: dict[str, Any], path: str) -> None:
    fault = fault_of(**changes)
    assert fault.path == path
    assert fault.rule
    assert fault.remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset": {"name": "digits", "limit": "9" * 500}},
        {"dataset": {"name": "digits", "limit": 10**400}},
        {"model": "b" * 50_000, "space": {}},
        {"fixed": {"hidden": 10**400}},
        {"fixed": {"h" * 50_000: 1}},
        {"space": {"beta": {"type": "choice", "values": [10**400]}}},
        {"space": {"hidden": {"type": "choice", "values": list(range(50_000))}}},
        {"space": {"beta": {**BETA, "when": {"network": 1}}, "network": {"type": "choice", "values": ["d" * 50_000]}}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_fault_is_told_in_few_words_whatever_was_given(changes: dict[str, Any]) -> None:
    for fault in faults_of(**changes):
        assert len(fault.path) <= 100
        assert len(fault.value) <= 60
        assert len(str(fault)) < 500


def test_a_value_that_is_shortened_says_so() -> None:
    assert fault_of(dataset={"name": "digits", "limit": "9" * 500}).value == f"'{'9' * 58}…"


@pytest.mark.parametrize(
    "changes",
    [
        {f"key{number}": 1 for number in range(3_000)},
        {"fixed": {f"key{number}": 1 for number in range(3_000)}},
        {"fixed": {f"key{number}": [] for number in range(3_000)}},
        {"space": {f"key{number}": {} for number in range(3_000)}},
    ],
    ids=["unknown keys", "unknown hyperparameters", "values that are none", "domains that are none"],
)
def test_of_faults_without_end_the_first_are_told_and_that_there_are_more(changes: dict[str, Any]) -> None:
    faults = faults_of(**changes)
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1] == Fault("(file)", "at most 100 faults are told at a time", "more", "Mend these first.")
    assert len(json.dumps([str(fault) for fault in faults])) < 40_000


def test_as_many_faults_as_may_be_told_are_all_told() -> None:
    faults = faults_of(**{f"key{number}": 1 for number in range(MAX_FAULTS)})
    assert [fault.path for fault in faults] == [f"key{number}" for number in range(MAX_FAULTS)]
