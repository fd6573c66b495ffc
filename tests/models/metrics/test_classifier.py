"""The classifier behind the features: shapes for every side, bounded features, a training that repeats to the bit."""

import pytest
import torch

from models.metrics import classifier as classifier_module
from models.metrics.classifier import WIDTH, Classifier, train_classifier


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier_module, "STEPS", 60)


def bars(count: int, side: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy images with one bright row; the label says whether it is in the upper half."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(side, (count,), generator=generator)
    images = 0.2 * torch.rand(count, side, side, generator=generator)
    images[torch.arange(count), rows] += 0.8
    return images, (rows < side // 2).long()


@pytest.mark.parametrize("side", [8, 15, 16, 28, 29, 32])
def test_it_fits_images_of_any_side(side: int) -> None:
    classifier = Classifier(side, classes=3)
    images = torch.rand(5, side, side)
    assert classifier.features(images).shape == (5, WIDTH)
    assert classifier(images).shape == (5, 3)


def test_features_are_bounded_however_strange_the_image() -> None:
    features = Classifier(8, classes=3).features(torch.full((1, 8, 8), 1e6))
    assert features.abs().max() <= 1.0


@pytest.mark.parametrize("side", [8, 16])
def test_training_learns_to_tell_the_classes(side: int, few_steps: None) -> None:
    classifier = train_classifier(*bars(300, side), classes=2)
    images, labels = bars(200, side, seed=1)
    assert (classifier(images).argmax(dim=1) == labels).float().mean() > 0.9


def test_training_repeats_to_the_bit_and_leaves_no_trace(few_steps: None) -> None:
    images, labels = bars(100, 8)
    torch.manual_seed(1)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    first = train_classifier(images, labels, classes=2).state_dict()
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads
    torch.manual_seed(2)
    second = train_classifier(images, labels, classes=2).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_trained_classifier_is_frozen(few_steps: None) -> None:
    assert not any(parameter.requires_grad for parameter in train_classifier(*bars(50, 8), classes=2).parameters())
