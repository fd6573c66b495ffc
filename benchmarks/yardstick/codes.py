"""Whether the InfoGAN's categories are the classes of MNIST: found without labels, and guided by some of them."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.yardstick.bench import Bench
from benchmarks.yardstick.report import Figure, Report
from benchmarks.yardstick.training import Recipe, Stage, train
from models.infogan import InfoGANModel
from models.infogan_networks import Readings
from models.metrics.codes import CategoryScores, category_information, r_squared, score_categories
from models.rule import Value
from sweeps.search.seeds import Purpose, derive_seed

__all__ = ["infogan", "semi_supervised"]

SEEDS = (0, 1, 2, 3, 4)
"""All of them are told: how well categories and classes agree differs much from seed to seed."""

GENERATED = 10_000
"""Images from which the bound on the information is taken: its standard error is below 0.01 nats."""

CHUNK = 1_000


UNGUIDED: dict[str, Value] = {}

GUIDED: dict[str, Value] = {}


def infogan(bench: Bench) -> Report:
    """Measure the InfoGAN without labels, with every seed."""
    recipes = [Recipe("infogan", UNGUIDED, (Stage(1 if bench.quick else 10),), seed) for seed in SEEDS]
    measured = [_measure(recipe, bench) for recipe in recipes]
    limits = (None, None) if bench.quick else (2.2, 0.90)
    figures = (
        Figure("least mutual information of seeds, nats", min(codes.information for codes in measured), limits[0], "at least"),
        Figure("best accuracy under a matching", max(codes.scores.accuracy for codes in measured), limits[1], "at least"),
    )
    return Report(figures, _settings(recipes, measured, bench), SEEDS)


@dataclass(frozen=True)
class Codes:
    """What one trained InfoGAN made of its codes.

    Attributes:
        scores: How the categories of the test images agree with their classes.
        information: H(c) + E log Q(c|x) of generated images, nats.
        explained: R² of each continuous code, likewise.
    """

    scores: CategoryScores
    information: float
    explained: NDArray[np.float64]


@torch.no_grad()
def read_codes(model: InfoGANModel, images: Tensor, labels: NDArray[np.int64], seed: int) -> Codes:
    """Read the categories of real images `(n, side, side)` with labels `(n,)`, and the codes of generated ones."""
    generator = torch.Generator().manual_seed(derive_seed(seed, Purpose.SCORING))
    latents = model.draw_latents(GENERATED, generator)
    made, read = latents.codes.numpy(), _read(model, model.generate(latents))
    return Codes(
        score_categories(_read(model, images).category_logits.argmax(dim=1).numpy(), labels, model.classes),
        category_information(read.category_logits.log_softmax(dim=1).numpy(), made[:, 0].astype(np.int64)),
        r_squared(made[:, 1:], read.continuous[0].numpy()),
    )


def _read(model: InfoGANModel, images: Tensor) -> Readings:
    """Return what the discriminator reads with the mean of I, in chunks."""
    chunks = [model.discriminator(chunk, None) for chunk in images.split(CHUNK)]
    return Readings(
        mu=torch.cat([chunk.mu for chunk in chunks]),
        log_var=None,
        features=torch.cat([chunk.features for chunk in chunks]),
        outputs=torch.cat([chunk.outputs for chunk in chunks]),
    )
