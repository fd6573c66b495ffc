"""Make the feature network that ships for a dataset, and say what it is worth.

    python -m benchmarks.train_feature_network digits
    python -m benchmarks.train_feature_network mnist --folder "$SWEEPS_DATA"

Trains on the training part alone. The same processor gives the same bits; another may round otherwise, which is why the
files ship and why their hashes stand in `models/metrics/features.py`: print a new one here, put it there.
"""

import argparse
import hashlib
from pathlib import Path

import torch

from models.datasets import Dataset, load_test, load_training
from models.metrics.features import PINNED, feature_network, pinned_path, train_weights

__all__ = ["main"]


def main() -> None:
    """Train, write the file into the package, print its hash and the network's accuracy on the test part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=sorted(PINNED))
    parser.add_argument("--folder", type=Path, help="where <dataset>/ lies with its IDX files")
    arguments = parser.parse_args()
    contents = train_weights(load_training(arguments.dataset, folder=arguments.folder))
    path = pinned_path(arguments.dataset)
    path.write_bytes(contents)
    sha256 = hashlib.sha256(contents).hexdigest()
    print(f"{path}: {len(contents)} bytes, SHA-256 {sha256}")
    if sha256 != PINNED[arguments.dataset]:
        print(f"this is not the pinned network ({PINNED[arguments.dataset]}): put the new hash into PINNED")
        return
    print(f"accuracy on the test part: {_accuracy(load_test(arguments.dataset, folder=arguments.folder)):.4f}")


def _accuracy(test: Dataset) -> float:
    classifier = feature_network(test, pinned_path(test.name).parent).classifier
    predicted = classifier(torch.from_numpy(test.images)).argmax(dim=1)
    return float((predicted == torch.from_numpy(test.labels)).float().mean())


if __name__ == "__main__":
    main()
