"""What must hold between sections and with what ships; all faults in one answer, each with rule, value and remedy."""

import json
from typing import Any

import pytest

from sweeps.errors import Fault, SpecError
from sweeps.spec_checks import parse_spec
from tests.faulty_specs import BETA, SOUND, fault_of, faults_of


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
            {"objective": "nelbo", "space": {"decoder": {"type": "choice", "values": ["bernoulli", "gaussian"]}}},
            Fault(
                "space.decoder",
                "an objective must mean the same for every configuration, and nelbo depends on decoder",
                "a domain",
                "Move decoder to `fixed`, or use `objective: fid`.",
            ),
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
            {"fixed": {"hidden": 16.0}},
            Fault("fixed.hidden", "hidden must be a whole number in [8, 4096]", "16.0", "Write 16."),
        ),
        (
            {"fixed": {"hidden": 16.5}},
            Fault("fixed.hidden", "hidden must be a whole number in [8, 4096]", "16.5", "Its default is 128."),
        ),
        (
            {"space": {"hidden": {"type": "choice", "values": [16.0, 32]}}},
            Fault(
                "space.hidden",
                "hidden must be a whole number in [8, 4096]",
                "Choice(values=(16.0, 32))",
                "Use `type: integer`, or a choice of numbers without a point, within that range.",
            ),
        ),
        (
            {"space": {"hidden": {"type": "choice", "values": [64, 32, 64]}}},
            Fault("space.hidden", "the values of a choice must differ", "[64, 32, 64]", "Write each once."),
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


def test_conditions_in_a_circle_are_refused() -> None:
    both = {"type": "choice", "values": [16, 64]}
    faults = faults_of(
        space={"hidden": {**both, "when": {"batch_size": 64}}, "batch_size": {**both, "when": {"hidden": 16}}}
    )
    assert {fault.rule for fault in faults} == {"conditions must not form a circle"}
    assert [fault.path for fault in faults] == ["space.hidden.when", "space.batch_size.when"]


def test_an_unknown_model_leaves_the_rest_checked() -> None:
    paths = [fault.path for fault in faults_of(model="gan", space={"beta": BETA}, folds=500, seed=-1)]
    assert sorted(paths) == ["folds", "model", "seed"]
