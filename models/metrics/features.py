"""The frozen networks that turn images into the features of FID, one for each dataset, known by the hash of its file.

Owns their files: the ones that ship in `pinned/`, made by `benchmarks/train_feature_network.py`, and those that are
trained for other datasets and kept in a folder of the caller's. Distances from different networks never compare.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import torch
from safetensors.torch import load, save
from torch import Tensor

from models.dataset_facts import DATASETS
from models.datasets import Dataset
from models.metrics.classifier import RECIPE, Classifier, train_classifier

__all__ = ["PINNED", "FeatureNetwork", "FeatureNetworkError", "feature_network", "pinned_path", "train_weights"]

PINNED: dict[str, str] = {
    "digits": "48e13893a4fbbab5e550de8d138b67bd360bbaeedad07f139bc5ef063e30f157",
    "mnist": "a292c984d3fa57e6561fc80ab814d5963178c7cb9472456bdbce0d335cb9f7f3",
}
"""SHA-256 of the file of each network that ships, by dataset; it serves every `limit` of that dataset too."""

VERSION_LENGTH = 16
"""Hexadecimal digits of the file's SHA-256 that name a network."""

CHUNK = 500
"""Images that go through a network at once, which bounds its memory."""


class FeatureNetworkError(ValueError):
    """The file of a feature network is not what it was; the text names its path and the remedy."""


@dataclass(frozen=True, eq=False)
class FeatureNetwork:
    """A frozen network.

    Attributes:
        classifier: The network, which also classifies.
        version: Begin of the SHA-256 of its file: part of every result that it had a part in.
    """

    classifier: Classifier
    version: str

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Map images `(n, side, side)` in [0, 1] to features `(n, WIDTH)` in [-1, 1]."""
        return torch.cat([self.classifier.features(chunk) for chunk in torch.split(images, CHUNK)])


def feature_network(dataset: Dataset, cache: Path) -> FeatureNetwork:
    """Return the network of a dataset: the one that ships, or one trained on these very images.

    Side effects: where none ships and `cache` holds none for these images, trains one (some ten seconds) and keeps
    it there, written beside and renamed.

    Args:
        dataset: A training part, or a subset of it.
        cache: The folder for networks that do not ship; made if needed.

    Raises:
        FeatureNetworkError: A file's contents do not have the hash they should have.
    """
    if dataset.name in PINNED:
        return _parse(pinned_path(dataset.name), PINNED[dataset.name], dataset)
    stem = f"{dataset.name}-{_recipe_key(dataset)}"
    kept = sorted(cache.glob(f"{stem}-*.safetensors"))
    path = kept[0] if kept else _keep(train_weights(dataset), cache, stem)
    return _parse(path, path.stem.removeprefix(f"{stem}-"), dataset)


def pinned_path(name: str) -> Path:
    """Return where the network that ships for a dataset lies."""
    return Path(__file__).parent / "pinned" / f"{name}.safetensors"


def train_weights(dataset: Dataset) -> bytes:
    """Train the network of a dataset from nothing and return the contents of its file."""
    images, labels = torch.tensor(dataset.images), torch.tensor(dataset.labels)  # copies: shared arrays are read-only
    classifier = train_classifier(images, labels, DATASETS[dataset.name].classes)
    return save(classifier.state_dict())


def _recipe_key(dataset: Dataset) -> str:
    """Name what a network is trained from: the images and the recipe."""
    return hashlib.sha256(f"{dataset.sha256} {RECIPE}".encode()).hexdigest()[:VERSION_LENGTH]


def _keep(contents: bytes, cache: Path, stem: str) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    version = hashlib.sha256(contents).hexdigest()[:VERSION_LENGTH]
    path = cache / f"{stem}-{version}.safetensors"
    beside = cache / f".{path.name}.{uuid4().hex}"  # several workers may do this at once
    beside.write_bytes(contents)
    return beside.replace(path)


def _parse(path: Path, sha256: str, dataset: Dataset) -> FeatureNetwork:
    """Read a network from its file; `sha256` is the hash that it must have, or the begin of it."""
    contents = path.read_bytes()
    digest = hashlib.sha256(contents).hexdigest()
    if not digest.startswith(sha256):
        remedy = "Restore it" if dataset.name in PINNED else "Remove it, and it is trained again"
        raise FeatureNetworkError(f"{path} must have a SHA-256 that begins {sha256}, but it has {digest}. {remedy}.")
    classifier = Classifier(dataset.images.shape[1], DATASETS[dataset.name].classes)
    classifier.load_state_dict(load(contents))
    return FeatureNetwork(classifier.requires_grad_(False).eval(), digest[:VERSION_LENGTH])
