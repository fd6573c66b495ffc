"""Scores of a fold: they order generators as people would, repeat to the bit, and agree with an oracle."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from torch import Tensor

from models.build import build
from models.datasets import load_training
from models.metrics.features import FeatureNetwork, feature_network
from models.metrics.scoring import Scorer
from tests.models.never_learns import NeverLearns
from tests.models.training import learn

DIGITS = load_training("digits")
IMAGES, LABELS = torch.from_numpy(DIGITS.images), torch.from_numpy(DIGITS.labels)


def stratified_folds() -> NDArray[np.int64]:
    """Ten folds: every class dealt out one by one, in random order."""
    folds = np.empty(len(LABELS), dtype=np.int64)
    shuffled = np.random.default_rng(0).permutation(len(LABELS))
    for label in range(10):
        members = shuffled[DIGITS.labels[shuffled] == label]
        folds[members] = (np.arange(len(members)) + 3 * label) % 10
    return folds


FOLDS = stratified_folds()


class Replays(NeverLearns):
    """Generates images of a given pool, in random order."""

    def __init__(self, pool: Tensor) -> None:
        super().__init__(side=8, classes=10)
        self.pool = pool

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        return self.pool[torch.randint(len(self.pool), (count,), generator=generator)]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> FeatureNetwork:
    return feature_network(DIGITS, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def scorer(network: FeatureNetwork) -> Scorer:
    return Scorer(IMAGES, FOLDS, features=network)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noisy(images: Tensor, deviation: float) -> Tensor:
    return (images + deviation * torch.randn(images.shape, generator=seeded())).clamp(0, 1)


def distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    root = sqrtm(np.cov(first.T) @ np.cov(second.T)).real
    means = np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2)
    return float(means + np.trace(np.cov(first.T) + np.cov(second.T) - 2 * root))


def test_fid_is_the_distance_between_features_of_generated_and_of_validation_images(
    scorer: Scorer, network: FeatureNetwork
) -> None:
    model = Replays(noisy(IMAGES, 0.2))
    generated = network(model.sample(1000, seeded(7))).double().numpy()
    expected = distance(generated, network(IMAGES[FOLDS == 3]).double().numpy())
    assert scorer.score(model, 3, seeded(7))["fid"] == pytest.approx(expected, rel=1e-6)


def test_the_floor_is_the_distance_between_real_training_and_validation_images(network: FeatureNetwork) -> None:
    all_of_them = Scorer(IMAGES, FOLDS, features=network, generated=5000)
    training, validation = network(IMAGES[FOLDS != 3]), network(IMAGES[FOLDS == 3])
    expected = distance(training.double().numpy(), validation.double().numpy())
    assert all_of_them.score(Replays(IMAGES), 3, seeded())["fid_floor"] == pytest.approx(expected, rel=1e-6)


def test_real_training_images_score_close_to_the_floor_and_the_validation_images_below_it(scorer: Scorer) -> None:
    training = scorer.score(Replays(IMAGES[FOLDS != 0]), 0, seeded())
    assert training["fid"] == pytest.approx(training["fid_floor"], rel=0.5)
    assert scorer.score(Replays(IMAGES[FOLDS == 0]), 0, seeded())["fid"] < training["fid_floor"] / 2


def test_fid_grows_with_noise_until_nothing_is_left(scorer: Scorer) -> None:
    pools = [IMAGES, noisy(IMAGES, 0.2), noisy(IMAGES, 0.4), torch.rand(IMAGES.shape, generator=seeded())]
    fids = [scorer.score(Replays(pool), 0, seeded())["fid"] for pool in pools]
    assert all(worse > 2 * better for better, worse in pairwise(fids))


@pytest.mark.parametrize(
    ("pool", "factor"),
    [
        (IMAGES[LABELS != 9], 3.0),
        (IMAGES[LABELS < 5], 50.0),
        (IMAGES[:1].expand(10, 8, 8), 100.0),
        ((IMAGES + IMAGES.flip(0)) / 2, 3.0),
        (torch.zeros(10, 8, 8), 100.0),
    ],
    ids=["a class missing", "half the classes missing", "always one image", "two digits at once", "nothing"],
)
def test_known_failures_of_generators_score_many_times_the_floor(scorer: Scorer, pool: Tensor, factor: float) -> None:
    scores = scorer.score(Replays(pool), 0, seeded())
    assert scores["fid"] > factor * scores["fid_floor"]


def test_scores_depend_on_the_generator_and_on_nothing_else(scorer: Scorer) -> None:
    model = build("beta_vae", {}, side=8, classes=10, seed=0)
    torch.manual_seed(1)
    first = scorer.score(model, 0, seeded(5))
    torch.manual_seed(2)
    assert scorer.score(model, 0, seeded(5)) == first
    assert scorer.score(model, 0, seeded(6))["fid"] != first["fid"]


def test_the_noise_over_generation_seeds_is_far_below_what_a_missing_class_costs(scorer: Scorer) -> None:
    fids = [scorer.score(Replays(IMAGES), 0, seeded(seed))["fid"] for seed in range(20)]
    missing = scorer.score(Replays(IMAGES[LABELS != 9]), 0, seeded())["fid"]
    assert np.std(fids) < (missing - np.mean(fids)) / 10


def test_only_models_with_a_likelihood_have_a_nelbo(scorer: Scorer) -> None:
    vae = build("beta_vae", {}, side=8, classes=10, seed=0)
    gan = build("infogan", {}, side=8, classes=10, seed=0)
    assert set(scorer.score(vae, 0, seeded())) == {"fid", "fid_floor", "nelbo"}
    assert set(scorer.score(gan, 0, seeded())) == {"fid", "fid_floor"}


def test_nelbo_is_of_the_validation_images_of_the_fold(network: FeatureNetwork) -> None:
    blank_fold_1 = IMAGES.clone()
    blank_fold_1[FOLDS == 1] = torch.rand(blank_fold_1[FOLDS == 1].shape, generator=seeded()) * 0.01
    scorer = Scorer(blank_fold_1, FOLDS, features=network)
    model = build("beta_vae", {"latent_dim": 2}, side=8, classes=10, seed=0)
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    bias = [parameter for name, parameter in model.named_parameters() if name.startswith("decoder")][-1]
    bias.data.fill_(-4.0)  # the model expects black pixels, log(1 + e^-4) nats each, and a white one costs 4 more
    assert scorer.score(model, 1, seeded())["nelbo"] == pytest.approx(64 * math.log1p(math.exp(-4)), abs=4 * 64 * 0.01)
    assert scorer.score(model, 0, seeded())["nelbo"] > 40


def test_a_model_that_broke_scores_nan_without_raising(scorer: Scorer) -> None:
    model = build("beta_vae", {}, side=8, classes=10, seed=0)
    for parameter in model.parameters():
        parameter.data.fill_(float("nan"))
    scores = scorer.score(model, 0, seeded())
    assert math.isnan(scores["fid"])
    assert math.isnan(scores["nelbo"])
    assert math.isfinite(scores["fid_floor"])


def test_training_lowers_both_scores(scorer: Scorer) -> None:
    model = build("beta_vae", {"lr": 5e-3}, side=8, classes=10, seed=0)
    before = scorer.score(model, 0, seeded())
    optimizers, generator = model.make_optimizers(), seeded(1)
    training = IMAGES[FOLDS != 0]
    for _ in range(150):
        chosen = torch.randint(len(training), (64,), generator=generator)
        learn(model, optimizers, training[chosen], LABELS[chosen], generator)
    after = scorer.score(model, 0, seeded())
    assert after["fid"] < before["fid"] / 4
    assert after["nelbo"] < before["nelbo"] - 10


def test_a_folder_of_networks_is_not_needed_where_one_ships(tmp_path: Path) -> None:
    assert feature_network(DIGITS, tmp_path / "never made").version
    assert not (tmp_path / "never made").exists()
