"""Faults of a spec: all of them in one answer, each with its place, rule, value and remedy."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.errors import Fault, SpecError
from sweeps.spec import SweepSpec
from sweeps.spec_checks import parse_spec

SOUND: dict[str, Any] = {
    "name": "x",
    "model": "beta_vae",
    "dataset": "digits",
    "space": "beta_vae",
    "hyperband": {"max_epochs": 9},
}

BETA = {"type": "log_uniform", "low": 0.1, "high": 10}


def faults_of(**changes: Any) -> list[Fault]:
    with pytest.raises(SpecError) as caught:
        parse_spec({**SOUND, **changes})
    return caught.value.faults


def fault_of(**changes: Any) -> Fault:
    (fault,) = faults_of(**changes)
    return fault


def test_every_fault_of_a_spec_is_told_in_one_answer() -> None:
    faults = faults_of(
        name="Big Name",
        folds=200,
        objective="loss",
        hyperband={"max_epochs": 10, "eta": 3, "iteration": 1},
        space={
            "beta": {"type": "log_uniform", "low": 0.1, "high": 10_000},
            "latent_dims": {"type": "integer", "low": 2, "high": 4},
            "lr": {"type": "uniform", "low": 0.5, "high": 0.1},
            "hidden": {"type": "integer", "low": 8.5, "high": 16},
        },
        fixed={"network": "convolutional", "beta": 1.0},
        seeds=1,
        resources={"cpus": 0},
    )
    assert {fault.path for fault in faults} == {
        "name",
        "folds",
        "objective",
        "hyperband.max_epochs",
        "hyperband.iteration",
        "space.beta",
        "space.latent_dims",
        "space.lr",
        "space.hidden.low",
        "fixed.network",
        "fixed.beta",
        "seeds",
        "resources.cpus",
    }
    assert len(faults) == 13
    assert all(fault.rule and fault.value and fault.remedy for fault in faults)


def test_the_answer_for_people_and_for_scripts_holds_every_fault() -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec({**SOUND, "folds": 1, "seed": -1}, source="my spec.yaml")
    text = str(caught.value)
    assert text.startswith("my spec.yaml has 2 faults, nothing was started:\n")
    assert [line.split(":")[0].strip() for line in text.splitlines()[1:]] == ["folds", "seed"]
    answer = caught.value.as_json()
    assert answer["error"] == "my spec.yaml is not a valid spec"
    assert json.loads(json.dumps(answer))["faults"] == [
        {"path": f.path, "rule": f.rule, "value": f.value, "remedy": f.remedy} for f in caught.value.faults
    ]


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
        "dataset", "it must be a dataset that ships", "'xyz'", "There are: digits, mnist, fashion-mnist."
    )


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"hyperband": {"max_epochs": 50}},
            Fault("hyperband.max_epochs", "max_epochs must be a power of eta=3", "50", "The nearest are 27 and 81."),
        ),
        (
            {"hyperband": {"max_epochs": 242, "eta": 2}},
            Fault("hyperband.max_epochs", "max_epochs must be a power of eta=2", "242", "The nearest are 128 and 256."),
        ),
        (
            {"dataset": {"name": "digits", "limit": 40}, "folds": 5},
            Fault(
                "folds",
                "folds must be at most the 4 examples of the rarest class of digits",
                "5",
                "Lower folds, or raise dataset.limit.",
            ),
        ),
        (
            {"dataset": {"name": "digits", "limit": 2000}},
            Fault(
                "dataset.limit",
                "limit must be at most the 1437 training examples of digits",
                "2000",
                "Lower it, or leave it out to use all.",
            ),
        ),
        (
            {"objective": "loss/L"},
            Fault(
                "objective",
                "an objective must mean the same for every configuration, and loss/L contains beta",
                "'loss/L'",
                "Use one of fid, nelbo.",
            ),
        ),
        (
            {"model": "infogan", "space": "infogan", "objective": "nelbo"},
            Fault("objective", "nelbo needs a model with a likelihood", "model infogan", "Use `objective: fid`."),
        ),
        (
            {"model": "infogan"},
            Fault(
                "space",
                "space beta_vae is for model beta_vae",
                "model infogan",
                "Write `space: infogan`, or the domains inline.",
            ),
        ),
        (
            {"fixed": {"latent_dim": 0}},
            Fault("fixed.latent_dim", "latent_dim must be a whole number in [1, 512]", "0", "Its default is 16."),
        ),
        (
            {"space": {"beta": BETA}, "fixed": {"beta": 1.0}},
            Fault(
                "fixed.beta",
                "a hyperparameter is either fixed or searched",
                "both",
                "Remove it from `fixed` or from `space`.",
            ),
        ),
        (
            {"space": {"beta": {"type": "log_uniform", "low": 0, "high": 1}}},
            Fault("space.beta", "`0 < low` must hold for log_uniform", "low=0.0", "Mend low and high."),
        ),
        (
            {"space": {"beta": {"type": "uniform", "low": 3, "high": 1}}},
            Fault(
                "space.beta", "`low <= high` must hold for finite numbers", "low=3.0, high=1.0", "Mend low and high."
            ),
        ),
        (
            {"space": {"beta": {"type": "uniform", "low": 0, "high": 2000}}},
            Fault(
                "space.beta",
                "beta must be a number in [0, 1000]",
                "Uniform(low=0.0, high=2000.0)",
                "Narrow the domain to that range.",
            ),
        ),
        (
            {"fixed": {"network": "conv"}},
            Fault(
                "fixed.network",
                "network conv needs 28×28 images, and digits has 8×8",
                "conv",
                "Use `network: dense`.",
            ),
        ),
        (
            {"space": {"network": {"type": "choice", "values": ["dense", "conv"]}}},
            Fault(
                "space.network",
                "network conv needs 28×28 images, and digits has 8×8",
                "conv",
                "Use `network: dense`.",
            ),
        ),
        (
            {"space": {"beta": {**BETA, "when": {"hidden": 64}}}},
            Fault(
                "space.beta.when",
                "a condition must name a searched choice and one of its values",
                "hidden",
                "There are: none.",
            ),
        ),
        (
            {
                "space": {
                    "beta": {**BETA, "when": {"hidden": 65}},
                    "hidden": {"type": "choice", "values": [64, 128]},
                }
            },
            Fault(
                "space.beta.when",
                "a condition must name a searched choice and one of its values",
                "hidden: 65",
                "Its values are [64, 128].",
            ),
        ),
    ],
    ids=lambda value: value.path if isinstance(value, Fault) else "",
)
def test_a_rule_that_is_broken_is_told_with_value_and_remedy(changes: dict[str, Any], fault: Fault) -> None:
    assert fault_of(**changes) == fault


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
        ({"fixed": ["latent_dim"]}, "fixed"),
        ({"fixed": {"latent_dim": [16]}}, "fixed.latent_dim"),
        ({"fixed": {"lr": float("nan")}}, "fixed.lr"),
        ({"space": {"beta": {"type": "uniform", "low": 0, "high": float("inf")}}}, "space.beta.high"),
        ({"space": {"beta": {"type": "uniform", "low": 0}}}, "space.beta.high"),
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


def test_conditions_in_a_circle_are_refused() -> None:
    both = {"type": "choice", "values": [16, 64]}
    faults = faults_of(
        space={"hidden": {**both, "when": {"batch_size": 64}}, "batch_size": {**both, "when": {"hidden": 16}}}
    )
    assert {fault.rule for fault in faults} == {"conditions must not form a circle"}
    assert [fault.path for fault in faults] == ["space.hidden.when", "space.batch_size.when"]


def test_a_long_value_is_shortened() -> None:
    assert len(fault_of(dataset={"name": "digits", "limit": "9" * 500}).value) == 58


def test_an_unknown_model_leaves_the_rest_checked() -> None:
    paths = [fault.path for fault in faults_of(model="gan", space={"beta": BETA}, folds=500, seed=-1)]
    assert sorted(paths) == ["folds", "model", "seed"]


WORDS = st.sampled_from(
    ["name", "model", "dataset", "space", "fixed", "hyperband", "type", "low", "high", "when", "beta", "x"]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.sampled_from(["uniform", "choice", "digits"])
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=10
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*SweepSpec.model_fields, "extra"]), ANYTHING, max_size=8), st.booleans())
def test_whatever_is_given_is_a_spec_or_a_list_of_faults(changes: dict[str, Any], on_top: bool) -> None:
    raw = {**SOUND, **changes} if on_top else changes
    try:
        spec = parse_spec(raw)
    except SpecError as error:
        assert error.faults
        assert len({(fault.path, fault.rule) for fault in error.faults}) == len(error.faults)
        json.dumps(error.as_json(), allow_nan=False)
    else:
        assert parse_spec(json.loads(spec.canonical())).sweep_id == spec.sweep_id
        assert spec.search_space().contains({}) == (not spec.space)
