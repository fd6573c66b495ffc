"""The scores of one trained model on one fold: what a worker computes at every rung."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.base import GenerativeModel, LatentVariableModel
from models.metrics.features import FeatureNetwork
from models.metrics.frechet import fit_gaussian, frechet_distance
from models.metrics.likelihood import nelbo, observe

__all__ = ["GENERATED", "Scorer"]

GENERATED = 1_000
"""Images that are generated for one fold: the noise over seeds stays below half of the floor: docs/objectives.md."""


class Scorer:
    """Scores models against the validation images of their fold; built once, all real features are computed then."""

    def __init__(
        self, images: Tensor, folds: NDArray[np.integer], *, features: FeatureNetwork, generated: int = GENERATED
    ) -> None:
        """Compute all that does not depend on a model.

        Args:
            images: `(n, side, side)` in [0, 1], all folds; kept, not copied.
            folds: `(n,)`, the number of the fold that each image validates, from 0.
            features: The network of this dataset.
            generated: How many images are drawn from a model for each score, at least 2.
        """
        self._images = images
        self._features = features
        self._generated = generated
        self._validation = [np.flatnonzero(folds == fold) for fold in range(int(folds.max()) + 1)]
        real = features(images).numpy()
        self._real = [fit_gaussian(real[members]) for members in self._validation]
        self._floors = [self._floor(real, members) for members in self._validation]

    def score(self, model: GenerativeModel, fold: int, generator: torch.Generator) -> dict[str, float]:
        """Return every score of a model that was trained on all folds but `fold`.

        Args:
            model: The trained model.
            fold: The fold that validates.
            generator: The only source of randomness: first for the generated images, then for the likelihood.

        Returns:
            `fid`, `fid_floor` (what as many real training images score in the place of generated ones: a constant
            of the fold), and `nelbo` in nats per image if the model has a bound on its likelihood. A value is nan or
            infinite if the model's output is not finite.
        """
        generated = self._features(model.sample(self._generated, generator))
        scores = {
            "fid": frechet_distance(fit_gaussian(generated.numpy()), self._real[fold]),
            "fid_floor": self._floors[fold],
        }
        if isinstance(model, LatentVariableModel):
            validation = observe(model, self._images[self._validation[fold]])
            scores["nelbo"] = nelbo(model, validation, generator)
        return scores

    def _floor(self, real: NDArray[np.float32], validation: NDArray[np.intp]) -> float:
        training = np.delete(real, validation, axis=0)
        count = min(self._generated, len(training))
        spread_evenly = np.linspace(0, len(training) - 1, count).astype(np.intp)
        return frechet_distance(fit_gaussian(training[spread_evenly]), fit_gaussian(real[validation]))
