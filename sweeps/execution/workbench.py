"""What a worker has on its table, set up once and kept for every evaluation it takes."""

import logging
import warnings
from dataclasses import dataclass
from fcntl import LOCK_EX, flock

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from models.dataset_facts import DATASETS
from models.metrics.features import FeatureNetwork, FeatureNetworkError, feature_network
from models.metrics.scoring import Scorer
from sweeps.errors import SweepError
from sweeps.execution.storage import SweepFiles
from sweeps.execution.supplies import Supplies
from sweeps.spec import SweepSpec

__all__ = ["Workbench", "set_up_workbench"]


@dataclass(frozen=True)
class Workbench:
    """What a worker has on its table, once: the sweep, its data and the scorer.

    Attributes:
        spec: The sweep's spec.
        files: Where its results go.
        classes: Classes of the dataset.
        images: `(n, side, side)` float32, shared with the other workers and never written to.
        labels: `(n,)` int64.
        folds: `(n,)`, the fold in which each example validates.
        scorer: Scores a model on its fold.
        feature_network: Version of the scorer's network.
    """

    spec: SweepSpec
    files: SweepFiles
    classes: int
    images: Tensor
    labels: Tensor
    folds: npt.NDArray[np.int64]
    scorer: Scorer
    feature_network: str


def set_up_workbench(supplies: Supplies) -> Workbench:
    """Set up a worker's table.

    Side effects: sets the number of torch's threads, so that arithmetic does not depend on the machine's cores; trains
    the feature network of a dataset that none ships for, once for all workers.

    Raises:
        SweepError: The file of the feature network is damaged.
    """
    torch.set_num_threads(supplies.spec.resources.cpus)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # The arrays lie in memory that workers share; nothing ever writes to the tensors made of them.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        images, labels = torch.from_numpy(supplies.dataset.images), torch.from_numpy(supplies.dataset.labels)
    features = _feature_network(supplies)
    return Workbench(
        spec=supplies.spec,
        files=supplies.files,
        classes=DATASETS[supplies.dataset.name].classes,
        images=images,
        labels=labels,
        folds=supplies.folds,
        scorer=Scorer(images, supplies.folds, features=features),
        feature_network=features.version,
    )


def _feature_network(supplies: Supplies) -> FeatureNetwork:
    supplies.features.mkdir(parents=True, exist_ok=True)
    with (supplies.features / ".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        try:
            return feature_network(supplies.dataset, supplies.features)
        except FeatureNetworkError as error:
            raise SweepError(str(error)) from error
