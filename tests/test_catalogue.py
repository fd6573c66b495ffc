"""What ships, as plain data."""

import json

import pytest

from models.dataset_facts import DATASETS
from models.hyperparameters import HYPERPARAMETERS, rules
from models.presets import preset_names
from search_spaces.shipped import shipped_names
from sweeps.catalogue import describe_datasets, describe_models, describe_spaces
from sweeps.errors import SweepError


def test_every_model_is_described_with_every_hyperparameter() -> None:
    described = describe_models()["models"]
    assert list(described) == list(HYPERPARAMETERS)
    for model, facts in described.items():
        assert [h["name"] for h in facts["hyperparameters"]] == list(rules(model))
        assert all(h["meaning"] and h["kind"] in {"float", "int", "str", "bool"} for h in facts["hyperparameters"])
    assert described["beta_vae"]["has_likelihood"] is True
    assert described["infogan"]["has_likelihood"] is False
    assert described["beta_vae"]["meaning"].startswith("β-VAE (Higgins 2017")


def test_a_model_is_described_with_its_presets_and_how_long_they_train() -> None:
    described = describe_models("infogan")["models"]["infogan"]["presets"]
    presets = {preset["name"]: preset for preset in described}
    assert list(presets) == list(preset_names("infogan"))
    assert {name: (p["epochs"], p["max_epochs"]) for name, p in presets.items()} == {
        "article": (100, 81),
        "gan": (25, 27),
        "infogan_2016": (11, 9),
        "paper": (11, 9),
        "ss_infogan": (11, 9),
    }
    assert all(p["meaning"] and p["source"] and p["hyperparameters"]["batch_size"] for p in described)


def test_where_a_hyperparameter_has_an_effect_is_described() -> None:
    described = {h["name"]: h for h in describe_models("infogan")["models"]["infogan"]["hyperparameters"]}
    assert described["candidates"]["effect"] == "not where alpha is 0"
    assert described["candidates"]["unless"] == (("alpha", 0.0),)


def test_one_model_space_or_dataset_may_be_asked_for() -> None:
    assert list(describe_models("infogan")["models"]) == ["infogan"]
    assert describe_spaces("beta_vae")["spaces"]["beta_vae"]["domains"]["beta"]["high"] == 16
    assert describe_datasets("digits")["datasets"] == {
        "digits": {
            "meaning": "1,797 handwritten digits of 8×8 pixels, installed with scikit-learn",
            "side": 8,
            "classes": 10,
            "training_examples": 1437,
            "files": [],
        }
    }


def test_everything_described_is_json() -> None:
    described = [describe_models(), describe_spaces(), describe_datasets()]
    assert json.loads(json.dumps(described, allow_nan=False)) == json.loads(json.dumps(described))
    assert list(describe_datasets()["datasets"]) == list(DATASETS)
    assert len(describe_datasets()["datasets"]["mnist"]["files"]) == 4


@pytest.mark.parametrize(
    ("describe", "name", "text"),
    [
        (describe_models, "beta-vae", "it must be a model that ships, but got 'beta-vae'. Did you mean beta_vae?"),
        (
            describe_spaces,
            "xyz",
            f"it must be a space that ships, but got 'xyz'. There are: {', '.join(shipped_names())}.",
        ),
        (describe_datasets, "mnits", "Did you mean mnist?"),
    ],
)
def test_what_does_not_ship_is_refused_with_the_nearest_name(describe: object, name: str, text: str) -> None:
    assert callable(describe)
    with pytest.raises(SweepError, match=text.replace("?", r"\?")):
        describe(name)
