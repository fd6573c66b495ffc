"""Whether the disentangling VAEs move what their papers say they move, on digits whose factors are known.

Every model is trained with the same seeds as the plain VAE and compared with it seed by seed. Measured on the training
images: MIG, KL and its parts with q(z) over all images, MMD² to the prior, and the covariances that the DIP-VAEs weigh.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from benchmarks.yardstick.bench import Bench
from benchmarks.yardstick.report import Figure, Report
from benchmarks.yardstick.training import Recipe, Stage, train
from models.affine_digits import FACTORS, draw_factors
from models.datasets import Dataset, load_training
from models.losses.covariance import covariance, covariance_gap
from models.losses.discrepancy import squared_mmd
from models.losses.gaussian import draw_gaussian, gaussian_kl
from models.metrics.aggregate_posterior import aggregate_kl_parts
from models.metrics.disentanglement import mutual_information_gaps
from models.metrics.likelihood import observe
from models.rule import Value
from models.vae import VAEModel
from sweeps.search.seeds import Purpose, derive_seed

__all__ = ["Claim", "compare", "disentanglement", "measure"]

SEEDS = (0, 1, 2)
EPOCHS = 30
DRAWS = 2_000
"""Codes drawn for MI, TC, DW and MMD²."""

SHARED: dict[str, Value] = {"latent_dim": 10, "hidden": 256, "layers": 2, "batch_size": 64, "lr": 1e-3}
"""Ten dimensions and minibatches of 64 as in Locatello 2019; dense networks."""


@dataclass(frozen=True)
class Claim:
    """What a paper says that its model does to a measure, beside the plain VAE."""

    measure: str
    direction: Literal["lower", "higher"]


@dataclass(frozen=True)
class Contender:
    """A model at the weights of its literature.

    Attributes:
        model: Its name.
        weights: Hyperparameters besides `SHARED`.
        claims: What they are for.
    """

    model: str
    weights: Mapping[str, Value]
    claims: tuple[Claim, ...]


OFF_DIAGONAL = "Σ_{i≠j} Cov²"
"""Of μ and of z alike: the noise of the posteriors adds to the diagonal alone."""

MIG_UP = Claim("MIG", "higher")

CONTENDERS: dict[str, Contender] = {
    "beta_vae, β = 4": Contender("beta_vae", {"beta": 4.0}, (Claim("KL", "lower"), Claim("TC", "lower"), MIG_UP)),
    "beta_tcvae, β = 6": Contender("beta_tcvae", {"beta": 6.0}, (Claim("TC", "lower"), MIG_UP)),
    "factor_vae, β = 11": Contender("factor_vae", {"beta": 11.0}, (Claim("TC", "lower"), MIG_UP)),
    "dip_vae I, λ = 5": Contender("dip_vae", {"variant": "I", "lambda": 5.0}, (Claim(OFF_DIAGONAL, "lower"),)),
    "dip_vae II, λ = 10": Contender("dip_vae", {"variant": "II", "lambda": 10.0}, (Claim(OFF_DIAGONAL, "lower"),)),
    "info_vae, α = 1, λ = 784": Contender(
        "info_vae", {"alpha": 1.0, "lambda": 784.0}, (Claim("MI", "higher"), Claim("MMD²", "lower"))
    ),
}
"""Weights of the presets `paper`; but for FactorVAE γ = β-1 = 10 instead of 35, the least that Locatello 2019 searches:
images of 28×28 have a fifth of the pixels that stand against it there."""

Measures = dict[str, float]


def disentanglement(bench: Bench) -> Report:
    """Train every model with every seed and compare it with the plain VAE."""
    seeds = SEEDS[:1] if bench.quick else SEEDS
    dataset = load_training("affine-digits")
    plain = _measure_all(Contender("vae", {}, ()), seeds, dataset, bench)
    figures, measured = [], {"vae": _told(plain)}
    for name, contender in CONTENDERS.items():
        theirs = _measure_all(contender, seeds, dataset, bench)
        measured[name] = _told(theirs)
        figures += [compare(name, claim, theirs, plain, judge=not bench.quick) for claim in contender.claims]
    shown = {"dataset": f"affine-digits, {len(dataset.labels)} training images", **SHARED, "epochs": _epochs(bench)}
    return Report(tuple(figures), {**shown, **measured}, seeds)


@torch.no_grad()
def measure(model: VAEModel, dataset: Dataset, seed: int) -> Measures:
    """Return every measure of one model on the training images of affine-digits."""
    mu, log_var = model.encode(observe(model, torch.from_numpy(dataset.images)))
    generator = torch.Generator().manual_seed(derive_seed(seed, Purpose.SCORING))
    rows = torch.randint(len(mu), (DRAWS,), generator=generator)
    z = draw_gaussian(mu[rows], log_var[rows], torch.randn(DRAWS, mu.shape[1], generator=generator))
    parts = aggregate_kl_parts(z, rows, mu, log_var)
    gaps = mutual_information_gaps(mu.numpy(), draw_factors("training"))
    return {
        "MIG": float(gaps.mean()),
        "KL": gaussian_kl(mu, log_var).mean().item(),
        "MI": parts.mutual_information.item(),
        "TC": parts.total_correlation.item(),
        "DW": parts.dimension_wise.item(),
        "MMD²": squared_mmd(z, torch.randn(z.shape, generator=generator)).item(),
        OFF_DIAGONAL: covariance_gap(covariance(mu)).off_diagonal.item(),
        **{f"MIG of {factor}": float(gap) for factor, gap in zip(FACTORS, gaps, strict=True)},
    }


def compare(name: str, claim: Claim, theirs: list[Measures], plain: list[Measures], *, judge: bool) -> Figure:
    """Return the mean difference to the plain VAE of the same seed, which shall lie on the claimed side of 0."""
    differences = [mine[claim.measure] - other[claim.measure] for mine, other in zip(theirs, plain, strict=True)]
    claimed = sum(difference < 0 if claim.direction == "lower" else difference > 0 for difference in differences)
    return Figure(
        f"{name}: {claim.measure} less that of vae ({claim.direction} with {claimed} of {len(differences)} seeds)",
        sum(differences) / len(differences),
        limit=0.0 if judge else None,
        wanted="at most" if claim.direction == "lower" else "at least",
    )


def _epochs(bench: Bench) -> int:
    return 1 if bench.quick else EPOCHS


def _measure_all(contender: Contender, seeds: tuple[int, ...], dataset: Dataset, bench: Bench) -> list[Measures]:
    measured = []
    for seed in seeds:
        recipe = Recipe(contender.model, {**SHARED, **contender.weights}, (Stage(_epochs(bench)),), seed)
        model = train(recipe, dataset, bench)
        if not isinstance(model, VAEModel):
            raise TypeError(f"the code must be Gaussian, but that of {contender.model} is not")
        measured.append(measure(model, dataset, seed))
    return measured


def _told(measured: list[Measures]) -> str:
    """Return the mean and the standard deviation of every measure over the seeds."""
    columns = {name: torch.tensor([each[name] for each in measured], dtype=torch.float64) for name in measured[0]}
    return ", ".join(f"{name} {column.mean():.3g} ± {column.std(correction=0):.2g}" for name, column in columns.items())
