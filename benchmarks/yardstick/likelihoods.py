"""How well the VAEs explain images that they never saw: -log p(x) of MNIST's test part, against what is published."""

import hashlib
from dataclasses import replace

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from benchmarks.yardstick.bench import Bench
from benchmarks.yardstick.report import Figure, Report
from benchmarks.yardstick.training import Recipe, Stage, train
from models.base import LatentVariableModel
from models.metrics.importance import ImportanceEstimate, nll_iwae
from models.metrics.likelihood import nelbo, observe
from models.rule import Value
from models.saved import weights_of
from sweeps.execution.storage import write_atomically
from sweeps.search.seeds import Purpose, derive_seed

__all__ = ["cat_vae", "vae", "vae_long"]

DRAWS, QUICK_DRAWS = 5_000, 50
"""Importance samples for each image; 5,000 are the literature's (Burda 2016, §5)."""

IMAGES = 250
"""Images between two checkpoints of an estimate."""

IMPORTANCE, NELBO = 0, 1
"""The keys of `Purpose.SCORING`."""

GAUSSIAN: dict[str, Value] = {"latent_dim": 50, "hidden": 200, "layers": 2, "batch_size": 100, "lr": 1e-3}
"""One stochastic layer of 50 units between dense networks of 200-200 (Burda 2016, §5)."""

CATEGORICAL: dict[str, Value] = {
    "variables": 20,
    "categories": 10,
    "hidden": 200,
    "layers": 2,
    "batch_size": 100,
    "lr": 1e-3,
    "temperature": 0.5,
    "annealing": 1e-4,
    "anneal_every": 500,
}
"""Twenty variables of ten categories, and the annealing max(0.5, exp(-1e-4 t)), every 500 steps (Jang 2017, §4.2)."""

FIRST = Stage(100)
LATER = Stage(100, {"lr": 3e-4}), Stage(100, {"lr": 1e-4})
"""In place of the 3,280 epochs of Burda 2016, §5, at rates that fall from 1e-3 to 1e-4 too."""


def vae(bench: Bench) -> Report:
    """Measure the VAE after 100 epochs at one learning rate."""
    return _measure(Recipe("vae", GAUSSIAN, (FIRST,)), bench, limit=92.0)


def vae_long(bench: Bench) -> Report:
    """Measure the VAE after a longer schedule with falling learning rates, which begins like the other."""
    return _measure(Recipe("vae", GAUSSIAN, (FIRST, *LATER)), bench, limit=88.5)


def cat_vae(bench: Bench) -> Report:
    """Measure the categorical VAE; its draws are one-hot, as its likelihood has them."""
    return _measure(Recipe("cat_vae", CATEGORICAL, (FIRST,)), bench, limit=112.0)


def _measure(recipe: Recipe, bench: Bench, *, limit: float) -> Report:
    if bench.quick:
        recipe = replace(recipe, stages=tuple(replace(stage, epochs=1) for stage in recipe.stages[:2]))
    model = train(recipe, bench.training(), bench)
    if not isinstance(model, LatentVariableModel):
        raise TypeError(f"the model must have a likelihood, but {recipe.model} has none")
    draws = QUICK_DRAWS if bench.quick else DRAWS
    pixels = observe(model, torch.from_numpy(bench.test().images))
    found = _estimate(model, pixels, recipe.seed, draws, bench)
    figures = (
        Figure("test NLL, nats per image", found.mean, None if bench.quick else limit),
        Figure("its standard error over images", found.standard_error),
        Figure("share of images with fewer than 2 effective draws", found.starved),
        Figure("nelbo, nats per image", nelbo(model, pixels, _generator(recipe.seed, NELBO))),
    )
    settings = {
        "dataset": f"{bench.dataset}, binarised anew at every step; the test part once",
        "model": recipe.model,
        **recipe.hyperparameters,
        "schedule": _schedule(recipe),
        "epochs": recipe.epochs,
        "draws": draws,
    }
    return Report(figures, settings, (recipe.seed,))


def _schedule(recipe: Recipe) -> str:
    rates = [(stage.epochs, {**recipe.hyperparameters, **stage.changes}["lr"]) for stage in recipe.stages]
    return ", then ".join(f"{epochs} epochs at {rate:.3g}" for epochs, rate in rates)


def _estimate(model: LatentVariableModel, pixels: Tensor, seed: int, draws: int, bench: Bench) -> ImportanceEstimate:
    """Estimate -log p(x), some images at a time, and go on from those that an earlier run of this model did."""
    weights = hashlib.sha256(weights_of(model)).hexdigest()[:12]
    file = bench.work / f"nll-{weights}-{draws}-{seed}.safetensors"
    done = load_file(file) if file.exists() else {}
    task = bench.progress.add_task(f"-log p(x), {draws} draws", total=len(pixels))
    chunks = torch.split(pixels, IMAGES)
    for number in range(len(done) // 2, len(chunks)):
        bench.progress.update(task, completed=IMAGES * number)
        part = nll_iwae(model, chunks[number], _generator(seed, IMPORTANCE, number), draws)
        done |= {f"nll.{number}": part.nll, f"effective.{number}": part.effective}
        write_atomically(file, save(done))
    bench.progress.update(task, completed=len(pixels))
    return ImportanceEstimate(
        *(torch.cat([done[f"{name}.{number}"] for number in range(len(chunks))]) for name in ("nll", "effective"))
    )


def _generator(seed: int, *key: int) -> torch.Generator:
    return torch.Generator().manual_seed(derive_seed(seed, Purpose.SCORING, *key))
