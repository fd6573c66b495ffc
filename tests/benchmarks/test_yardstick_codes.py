"""What the yardsticks of codes read off models whose codes are known, and how differences to the plain VAE are told."""

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.yardstick import codes
from benchmarks.yardstick.bench import open_bench
from benchmarks.yardstick.disentanglement import CONTENDERS, Claim, compare, measure
from models.affine_digits import draw_factors
from models.build import build
from models.codes import Latents
from models.datasets import Dataset, load_training
from models.hyperparameters import parse
from models.infogan import InfoGANModel
from models.infogan_hyperparameters import InfoGAN
from models.losses.gaussian import gaussian_kl
from models.metrics.likelihood import observe
from models.vae import VAEModel

SHARPNESS = 2.0


class Painter(InfoGANModel):
    """Paints its codes into the first pixels of an image, and reads them off again: each category as the next one."""

    def __init__(self) -> None:
        super().__init__(InfoGAN(stochastic_bottleneck=False, bottleneck=12, hidden=8), side=8, classes=10)

    def generate(self, latents: Latents) -> Tensor:
        return painted(latents.codes[:, 0].long(), latents.codes[:, 1:])


def painted(categories: Tensor, continuous: Tensor) -> Tensor:
    images = torch.zeros(len(categories), 64)
    images[torch.arange(len(categories)), categories] = 1.0
    images[:, 10:12] = continuous
    return images.view(-1, 8, 8)


def read_next(images: Tensor, noise: Tensor | None) -> SimpleNamespace:
    """Return as outputs no logit, the category one further, the first continuous code, nothing of the second."""
    pixels = images.flatten(1)
    none = torch.zeros(len(images), 1)
    categories = SHARPNESS * pixels[:, :10].roll(1, dims=1)
    return SimpleNamespace(mu=pixels, outputs=torch.cat([none, categories, pixels[:, 10:11], none, none, none], dim=1))


def test_categories_of_real_images_and_codes_of_generated_ones_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Painter()
    monkeypatch.setattr(model.discriminator, "forward", read_next)
    labels = np.arange(2_500) % 10
    labels[:250] = 0  # 25 of each category, of which those of category 0 had this label before
    real = painted(torch.arange(2_500) % 10, torch.zeros(2_500, 2))
    read = codes.read_codes(model, real, labels, torch.Generator().manual_seed(0))
    assert read.scores.accuracy == pytest.approx((2_500 - 225) / 2_500)
    assert read.scores.identity == pytest.approx(25 / 2_500)  # those of category 9, read as 0, with the label 0
    next_one = -math.log(9 + math.exp(SHARPNESS))  # what the softmax gives a category that was not read
    assert read.information == pytest.approx(math.log(10) + next_one, rel=1e-5)
    assert read.explained == pytest.approx([1.0, 0.0], abs=1e-2)


def test_every_seed_is_told_and_a_quick_run_has_no_limits(tmp_path: Path) -> None:
    with open_bench(None, tmp_path, quick=True) as bench:
        report = codes.infogan(bench)
    assert report.seeds == (0, 1, 2, 3, 4)
    told = [report.settings[f"seed {seed}"] for seed in report.seeds]
    assert len(set(told)) == 5
    best = max(float(text.split()[1].rstrip(",")) for text in told)
    assert report.figures[1].value == pytest.approx(best, abs=1e-4)
    assert {figure.limit for figure in report.figures} == {None}
    assert len({(tmp_path / f"infogan_2016-seed-{seed}.png").read_bytes() for seed in report.seeds}) == 5


@pytest.mark.parametrize("settings", [codes.UNGUIDED, codes.GUIDED])
def test_settings_are_their_preset_but_for_what_they_change(settings: codes.Settings) -> None:
    chosen = parse("infogan", settings.recipe(0, quick=False).hyperparameters)
    published = parse("infogan", replace(settings, changes={}).recipe(0, quick=False).hyperparameters)
    assert replace(chosen, **{name: getattr(published, name) for name in settings.changes}) == published
    assert parse("infogan", settings.recipe(0, quick=True).hyperparameters) == replace(chosen, network="dense")


@pytest.mark.parametrize("name", CONTENDERS)
def test_contenders_are_models_with_a_gaussian_code_and_claim_what_is_measured(name: str) -> None:
    contender = CONTENDERS[name]
    model = build(contender.model, contender.weights, side=28, classes=10, seed=0)
    assert isinstance(model, VAEModel)
    assert contender.claims


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load_training("affine-digits")


def test_an_untrained_vae_is_measured_by_parts_that_sum_to_its_kl(dataset: Dataset) -> None:
    model = build("vae", {"latent_dim": 3, "hidden": 16}, side=28, classes=10, seed=0)
    assert isinstance(model, VAEModel)
    measured = measure(model, dataset, seed=0)
    with torch.no_grad():
        kl = gaussian_kl(*model.encode(observe(model, torch.from_numpy(dataset.images)))).mean().item()
    assert measured["KL"] == pytest.approx(kl)
    assert measured["MI"] + measured["TC"] + measured["DW"] == pytest.approx(kl, abs=0.1)
    assert 0 <= measured["MIG"] < 0.1
    assert all(claim.measure in measured for contender in CONTENDERS.values() for claim in contender.claims)


def test_codes_that_are_the_factors_have_a_gap_of_one(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for what counting overstates of the other dimensions."""
    model = build("vae", {"latent_dim": 5, "hidden": 16}, side=28, classes=10, seed=0)
    assert isinstance(model, VAEModel)
    factors = torch.from_numpy(draw_factors("training")).float()
    monkeypatch.setattr(model, "encode", lambda images: (factors, torch.full_like(factors, -8.0)))
    assert measure(model, dataset, seed=0)["MIG"] == pytest.approx(1.0, abs=2e-3)


def test_a_difference_is_the_mean_over_seeds_and_says_how_many_are_as_claimed() -> None:
    plain = [{"MIG": 0.1}, {"MIG": 0.2}, {"MIG": 0.3}]
    theirs = [{"MIG": 0.3}, {"MIG": 0.1}, {"MIG": 0.5}]
    higher = compare("model", Claim("MIG", "higher"), theirs, plain, judge=True)
    assert higher.name == "model: MIG less that of vae (higher with 2 of 3 seeds)"
    assert higher.value == pytest.approx(0.1)
    assert higher.reached
    lower = compare("model", Claim("MIG", "lower"), theirs, plain, judge=True)
    assert "lower with 1 of 3" in lower.name
    assert lower.reached is False
    assert compare("model", Claim("MIG", "lower"), theirs, plain, judge=False).reached is None
