"""Feature networks: those that ship are the pinned ones and good; others are trained once, kept and checked."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from models.dataset_facts import DATASETS, DatasetFacts
from models.datasets import Dataset, load_test, load_training
from models.metrics import classifier as classifier_module
from models.metrics import features as features_module
from models.metrics.classifier import WIDTH
from models.metrics.features import PINNED, FeatureNetworkError, feature_network, pinned_path

MNIST_FOLDER = Path(os.environ.get("SWEEPS_DATA", "")) / "mnist"


def accuracy(test: Dataset, cache: Path) -> float:
    predicted = feature_network(test, cache).classifier(torch.from_numpy(test.images)).argmax(dim=1)
    return float((predicted == torch.from_numpy(test.labels)).float().mean())


def tiny(seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    images = rng.random((40, 8, 8), dtype=np.float32)
    return Dataset("tiny", None, images, rng.integers(0, 3, 40), hashlib.sha256(images.tobytes()).hexdigest())


@pytest.fixture
def _tiny_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS, "tiny", DatasetFacts("tiny", "noise", 8, 1, (14, 13, 13), (0, 0, 0)))
    monkeypatch.setattr(classifier_module, "STEPS", 5)


def test_the_networks_that_ship_are_the_pinned_ones_and_small() -> None:
    shipped = {path.stem: path.read_bytes() for path in pinned_path("digits").parent.glob("*.safetensors")}
    assert {name: hashlib.sha256(contents).hexdigest() for name, contents in shipped.items()} == PINNED
    assert all(len(contents) < 100_000 for contents in shipped.values())


def test_the_network_of_digits_tells_digits_that_it_was_not_trained_on(tmp_path: Path) -> None:
    assert accuracy(load_test("digits"), tmp_path) > 0.96
    assert list(tmp_path.iterdir()) == []


def test_the_whole_and_a_subset_share_the_network_that_ships(tmp_path: Path) -> None:
    networks = [feature_network(load_training("digits", limit=limit), tmp_path) for limit in (None, 100)]
    assert [network.version for network in networks] == [PINNED["digits"][:16]] * 2


def test_features_are_bounded_frozen_and_the_same_in_chunks_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = load_training("digits")
    network, images = feature_network(digits, tmp_path), torch.from_numpy(digits.images)
    features = network(images)
    assert features.shape == (1437, WIDTH)
    assert features.abs().max() <= 1.0
    assert not features.requires_grad
    assert not any(parameter.requires_grad for parameter in network.classifier.parameters())
    monkeypatch.setattr(features_module, "CHUNK", 100)
    assert torch.allclose(network(images), features, atol=1e-6)


def test_every_feature_varies_over_the_digits(tmp_path: Path) -> None:
    digits = load_training("digits")
    assert feature_network(digits, tmp_path)(torch.from_numpy(digits.images)).std(dim=0).min() > 0.1


def test_a_pinned_file_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PINNED, "digits", "0" * 64)
    with pytest.raises(FeatureNetworkError, match=r"digits\.safetensors must have a SHA-256 .* 000.* Restore it"):
        feature_network(load_test("digits"), tmp_path)


@pytest.mark.usefixtures("_tiny_is_known")
def test_another_dataset_gets_a_network_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "new folder"
    first = feature_network(tiny(0), cache)
    (kept,) = cache.iterdir()
    assert kept.stem.endswith(first.version)
    assert hashlib.sha256(kept.read_bytes()).hexdigest().startswith(first.version)
    monkeypatch.delattr(features_module, "train_weights")  # from now on, training would fail
    again = feature_network(tiny(0), cache)
    images = torch.from_numpy(tiny(0).images)
    assert again.version == first.version
    assert torch.equal(again(images), first(images))


@pytest.mark.usefixtures("_tiny_is_known")
def test_two_homes_come_to_the_same_network_and_other_images_to_another(tmp_path: Path) -> None:
    versions = [feature_network(tiny(seed), tmp_path / home).version for seed, home in ((0, "a"), (0, "b"), (1, "a"))]
    assert versions[0] == versions[1] != versions[2]
    assert len(list((tmp_path / "a").iterdir())) == 2


@pytest.mark.usefixtures("_tiny_is_known")
def test_another_recipe_is_another_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feature_network(tiny(0), tmp_path)
    monkeypatch.setattr(features_module, "RECIPE", "other")
    feature_network(tiny(0), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.usefixtures("_tiny_is_known")
def test_a_kept_network_that_was_truncated_is_refused_with_its_path(tmp_path: Path) -> None:
    feature_network(tiny(0), tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-10])
    with pytest.raises(FeatureNetworkError, match=f"{kept.name} must have .* Remove it, and it is trained again"):
        feature_network(tiny(0), tmp_path)


if MNIST_FOLDER.is_dir():  # the only data that do not come with the dependencies

    def test_the_network_of_mnist_tells_digits_that_it_was_not_trained_on(tmp_path: Path) -> None:
        assert accuracy(load_test("mnist", folder=MNIST_FOLDER.parent), tmp_path) > 0.97
