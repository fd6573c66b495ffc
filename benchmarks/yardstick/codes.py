"""Whether the InfoGAN's categories are the classes of MNIST: found without labels, and guided by some of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from models.presets import load_preset
from models.rule import Value
from sweeps.execution.sample_grid import sample_grid_png
from sweeps.execution.storage import write_atomically
from sweeps.sampling import draw
from sweeps.search.seeds import Purpose, derive_seed
from sweeps.vary import Variation

__all__ = ["Codes", "infogan", "read_codes", "semi_supervised"]

SEEDS = (0, 1, 2, 3, 4)
"""All of them are told: how well categories and classes agree differs much from seed to seed."""

GENERATED = 10_000
"""Images from which the bound on the information is taken: its standard error is below 0.01 nats."""

CHUNK = 1_000
"""Images that are read together, and over which they are normalised where the discriminator is."""


@dataclass(frozen=True)
class Settings:
    """How a yardstick is trained: a preset, what differs from it, for how many epochs; networks multiply in bf16."""

    preset: str
    changes: Mapping[str, Value]
    epochs: int

    def recipe(self, seed: int, *, quick: bool) -> Recipe:
        """Return the recipe for MNIST, or for one epoch of digits; who asks for more epochs goes on from fewer."""
        for_digits: dict[str, Value] = {"network": "dense"} if quick else {}
        hyperparameters = {**load_preset("infogan", self.preset).hyperparameters, **self.changes, **for_digits}
        return Recipe("infogan", hyperparameters, (Stage(1),) * (1 if quick else self.epochs), seed, "bf16")


UNGUIDED = Settings("infogan_2016", {"hidden": 64, "units": 256, "batch_size": 64}, epochs=11)
"""A quarter of the published width, minibatches of half the size, and as many passes over the data."""

GUIDED = Settings("ss_infogan", {"hidden": 128, "units": 512, "batch_size": 64, "labels_per_class": 250}, epochs=11)
"""Half the published width; the 2,500 labels of the literature on semi-supervised learning instead of 600."""


@dataclass(frozen=True)
class Codes:
    """What one trained InfoGAN made of its codes.

    Attributes:
        scores: How the categories read off the test images agree with their classes.
        information: H(c) + E log Q(c|x) of generated images, nats.
        explained: R² of each continuous code of generated images.
    """

    scores: CategoryScores
    information: float
    explained: NDArray[np.float64]

    def __str__(self) -> str:
        scores = self.scores
        agreement = f"accuracy {scores.accuracy:.4f}, NMI {scores.nmi:.3f}, ARI {scores.ari:.3f}"
        explained = ", ".join(f"{share:.2f}" for share in self.explained)
        return f"{agreement}, identity {scores.identity:.4f}, I(c; x) {self.information:.3f} nats, R² {explained}"


def infogan(bench: Bench) -> Report:
    """Measure the InfoGAN without labels, with every seed. Side effect: a picture of each in the folder `work`."""
    measured = {seed: _measure(UNGUIDED, seed, bench) for seed in SEEDS}
    figures = (
        _figure("least I(c; x) of all seeds, nats", min(codes.information for codes in measured.values()), 2.2, bench),
        _figure("best accuracy of all seeds", max(codes.scores.accuracy for codes in measured.values()), 0.90, bench),
    )
    return _report(figures, UNGUIDED, measured, bench)


def semi_supervised(bench: Bench) -> Report:
    """Measure the InfoGAN with 250 labels a class, where category k must mean class k. Side effect as above."""
    measured = {seed: _measure(GUIDED, seed, bench) for seed in SEEDS[:1]}
    figures = (_figure("identity accuracy", measured[0].scores.identity, 0.97, bench),)
    return _report(figures, GUIDED, measured, bench)


@torch.no_grad()
def read_codes(model: InfoGANModel, images: Tensor, labels: NDArray[np.int64], generator: torch.Generator) -> Codes:
    """Read the categories of real images `(n, side, side)` with labels `(n,)`, and the codes of generated ones."""
    latents = model.draw_latents(GENERATED, generator)
    made, read = latents.codes.numpy(), _read(model, model.generate(latents))
    return Codes(
        score_categories(_read(model, images).category_logits.argmax(dim=1).numpy(), labels, model.classes),
        category_information(read.category_logits.log_softmax(dim=1).numpy(), made[:, 0].astype(np.int64)),
        r_squared(made[:, 1:], read.continuous[0].numpy()),
    )


def _read(model: InfoGANModel, images: Tensor) -> Readings:
    """Return what the discriminator reads off the mean of I."""
    chunks = [model.discriminator(chunk, None) for chunk in torch.split(images, CHUNK)]
    mu, outputs = (torch.cat([getattr(chunk, name) for chunk in chunks]) for name in ("mu", "outputs"))
    return Readings(mu, None, mu, outputs)


def _measure(settings: Settings, seed: int, bench: Bench) -> Codes:
    model, test = train(settings.recipe(seed, quick=bench.quick), bench.training(), bench), bench.test()
    if not isinstance(model, InfoGANModel):
        raise TypeError(f"codes are read by an InfoGAN, but got {type(model).__name__}")
    _draw(model, bench.work / f"{settings.preset}-seed-{seed}.png")
    generator = torch.Generator().manual_seed(derive_seed(seed, Purpose.SCORING))
    return read_codes(model, torch.from_numpy(test.images), test.labels, generator)


def _draw(model: InfoGANModel, picture: Path) -> None:
    """Write a grid with a category a column; along a row everything else is the same."""
    samples = draw(model, 10 * model.classes, seed=0, vary=Variation("code"))
    write_atomically(picture, sample_grid_png(samples.images, samples.columns))


def _figure(name: str, value: float, limit: float, bench: Bench) -> Figure:
    return Figure(name, value, None if bench.quick else limit, "at least")


def _report(figures: tuple[Figure, ...], settings: Settings, measured: dict[int, Codes], bench: Bench) -> Report:
    recipe = settings.recipe(0, quick=bench.quick)
    told: dict[str, Any] = {
        "dataset": f"{bench.dataset}; the test part read {CHUNK} images at a time",
        "preset": settings.preset,
        **recipe.hyperparameters,
        "epochs": recipe.epochs,
        "precision": recipe.precision,
        **{f"seed {seed}": str(codes) for seed, codes in measured.items()},
    }
    return Report(figures, told, tuple(measured))
