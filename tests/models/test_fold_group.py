"""Folds trained together: what a plain loop learns, in several goes, and through a file, bit for bit."""

import math
from collections.abc import Sequence
from typing import Literal

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor
from torch.optim import SGD, Optimizer

from models.base import GenerativeModel, Minibatch, Noise, Terms
from models.build import build
from models.fold_group import Divergence, FoldGroup
from models.rule import Value
from models.stacking import LARGEST_STACKED_WORK
from tests.models.training import digits, seeded

IMAGES, LABELS = digits(150)
PARTS = [torch.arange(150)[torch.arange(150) % 3 != fold] for fold in range(3)]
BATCH = 16

HYPERPARAMETERS: dict[str, dict[str, Value]] = {
    "vae": {"latent_dim": 3, "hidden": 12, "layers": 2, "decoder": "gaussian"},
    "beta_vae": {"latent_dim": 3, "hidden": 12},
    "beta_tcvae": {"latent_dim": 3, "hidden": 12},
    "cat_vae": {"variables": 3, "categories": 4, "hidden": 12, "anneal_every": 7, "annealing": 0.01},
    "cvae": {"latent_dim": 3, "hidden": 12, "labels_per_class": 3},
    "factor_vae": {"latent_dim": 3, "hidden": 12, "critic_hidden": 8},
    "infogan": {"hidden": 12, "bottleneck": 6, "noise_dim": 5, "labels_per_class": 3},
}


def seed_for(purpose: Literal["labels", "training"], fold: int, epoch: int) -> int:
    return {"labels": 1_000_000, "training": 0}[purpose] + 1000 * fold + epoch


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no models stacked, however small."""
    monkeypatch.setattr("models.stacking.LARGEST_STACKED_WORK", 0)


def models(name: str, folds: Sequence[int], **changes: Value) -> list[GenerativeModel]:
    values = {**HYPERPARAMETERS[name], **changes}
    return [build(name, values, side=8, classes=10, seed=fold) for fold in folds]


def group(name: str = "beta_vae", batch_size: int = BATCH, **changes: Value) -> FoldGroup:
    trained = models(name, range(3), **changes)
    return FoldGroup(trained, PARTS, IMAGES, LABELS, batch_size=batch_size, seed_for=seed_for)


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_three_epochs_and_then_nine_are_nine_bit_for_bit(name: str) -> None:
    whole = group(name)
    whole.train_to(9)
    first = group(name)
    first.train_to(3)
    continued = group(name)
    continued.load_state(load(save(first.state())))
    assert continued.epochs_trained == 3
    continued.train_to(9)
    assert continued.epochs_trained == 9
    assert same(continued.state(), whole.state())
    for term, folds in whole.curves.items():
        assert [[*a, *b] for a, b in zip(first.curves[term], continued.curves[term], strict=True)] == folds


def test_whoever_watches_is_told_how_much_of_an_epoch_is_done(one_by_one: None) -> None:
    """100 examples in minibatches of 1 are two steps for each of three folds."""
    told: list[float] = []
    watched = group(batch_size=1)
    watched.train_to(1, watch=told.append)
    assert told == pytest.approx([0.5 / 3, 1 / 3, 1.5 / 3, 2 / 3, 2.5 / 3, 1.0])


def test_one_group_trained_in_two_goes_is_the_same_too() -> None:
    whole, in_goes = group(), group()
    whole.train_to(4)
    in_goes.train_to(1)
    in_goes.train_to(4)
    assert same(whole.state(), in_goes.state())


@pytest.mark.parametrize("name", HYPERPARAMETERS)
@pytest.mark.parametrize("batch_size", [BATCH, 1000])
def test_fold_after_fold_gives_the_bits_of_a_plain_loop(name: str, batch_size: int, one_by_one: None) -> None:
    together = group(name, batch_size)
    together.train_to(3)
    for fold, model in enumerate(models(name, range(3))):
        curve = train_plainly(model, fold, epochs=3, batch_size=batch_size)
        assert same(model.state_dict(), together.model(fold).state_dict())
        assert together.curves["loss/L"][fold] == pytest.approx(curve, rel=1e-6)


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_a_stack_learns_what_a_plain_loop_does_up_to_rounding(name: str) -> None:
    together = group(name)
    together.train_to(3)
    for fold, model in enumerate(models(name, range(3))):
        curve = train_plainly(model, fold, epochs=3, batch_size=BATCH)
        assert together.curves["loss/L"][fold] == pytest.approx(curve, rel=1e-3)


def train_plainly(model: GenerativeModel, fold: int, *, epochs: int, batch_size: int) -> list[float]:
    """Train one model as anybody would write it, and return the mean of `loss/L` by epoch."""
    part, limit = PARTS[fold], model.labels_per_class
    model.examples = min(map(len, PARTS))
    order = part[torch.randperm(len(part), generator=seeded(seed_for("labels", fold, 0)))]
    pool = torch.cat([order[LABELS[order] == label][:limit] for label in range(10)])
    optimizers, curve = model.make_optimizers(), []
    for epoch in range(1, epochs + 1):
        generator, losses = seeded(seed_for("training", fold, epoch)), []
        shuffled = part[torch.randperm(len(part), generator=generator)]
        for rows in shuffled.tensor_split(math.ceil(len(part) / batch_size)):
            known = pool[torch.randint(len(pool), (len(rows),), generator=generator)] if limit else pool
            batch = Minibatch(IMAGES[rows], IMAGES[known], LABELS[known])
            terms = model.minibatch_step(batch, model.draw_noise(len(rows), generator), optimizers)
            losses.append(terms["loss/L"].item())
        curve.append(sum(losses) / len(losses))
    return curve


def test_an_epoch_shows_every_fold_as_many_examples_in_minibatches_of_all_but_equal_size() -> None:
    """Of 101 and 100 examples all take part but one, drawn anew by each epoch; by ones they are two steps."""
    parts = [torch.arange(101), torch.arange(50, 150)]
    for batch_size, sizes in ((64, [50, 50]), (2, [2] * 50), (1, [1] * 100)):
        counting = [Counting() for _ in parts]
        FoldGroup(counting, parts, IMAGES, LABELS, batch_size=batch_size, seed_for=seed_for).train_to(2)
        assert [[len(images) for images in model.seen] for model in counting] == [2 * sizes] * 2
        first, second = (torch.cat(counting[0].seen[part]) for part in (slice(len(sizes)), slice(len(sizes), None)))
        whole = torch.cat(counting[1].seen[: len(sizes)])
        assert {image.numpy().tobytes() for image in whole} == {image.numpy().tobytes() for image in IMAGES[50:]}
        assert not torch.equal(first, second)
        assert len({image.numpy().tobytes() for image in first}) == 100


def test_a_fold_trained_alone_is_the_fold_of_the_group(one_by_one: None) -> None:
    together = group()
    together.train_to(2)
    alone = FoldGroup(models("beta_vae", [0]), PARTS[:1], IMAGES, LABELS, batch_size=BATCH, seed_for=seed_for)
    alone.train_to(2)
    assert same(alone.model(0).state_dict(), together.model(0).state_dict())
    assert {term: folds[0] for term, folds in together.curves.items()} == {t: f[0] for t, f in alone.curves.items()}


def test_so_many_examples_of_each_class_keep_their_labels_and_no_others_are_shown() -> None:
    counting = [Counting() for _ in PARTS]
    for model in counting:
        model.labels_per_class = 4
    FoldGroup(counting, PARTS, IMAGES, LABELS, batch_size=1, seed_for=seed_for).train_to(9)
    for model, part in zip(counting, PARTS, strict=True):
        images, labels = torch.cat(model.labelled_images), torch.cat(model.labels)
        shown = {(image.numpy().tobytes(), int(label)) for image, label in zip(images, labels, strict=True)}
        assert shown < {(IMAGES[row].numpy().tobytes(), int(LABELS[row])) for row in part}
        assert len(shown) == 40
        assert torch.tensor([label for _, label in shown]).bincount().tolist() == [4] * 10


def test_models_are_told_how_many_examples_an_epoch_has() -> None:
    counting = [Counting() for _ in range(2)]
    FoldGroup(counting, [torch.arange(101), torch.arange(50, 150)], IMAGES, LABELS, batch_size=9, seed_for=seed_for)
    assert [model.examples for model in counting] == [100, 100]


def test_global_randomness_is_neither_used_nor_needed() -> None:
    states = []
    for seed in (1, 2):
        trained = group()
        torch.manual_seed(seed)
        trained.train_to(2)
        states.append(trained.state())
    assert same(*states)


def test_shared_images_are_never_written_to() -> None:
    before = IMAGES.clone(), LABELS.clone()
    group("infogan").train_to(1)
    assert torch.equal(IMAGES, before[0])
    assert torch.equal(LABELS, before[1])


def test_every_fold_has_a_value_of_every_term_for_every_epoch_and_every_epoch_its_time() -> None:
    trained = group()
    trained.train_to(3)
    assert set(trained.curves) == {"loss/L", "loss/J", "train/reconstruction", "train/kl"}
    assert all([len(fold) for fold in folds] == [3, 3, 3] for folds in trained.curves.values())
    assert len(trained.epoch_times) == 3
    assert trained.epoch_times == sorted(trained.epoch_times)


class Counting(GenerativeModel):
    """Learns nothing and notes what it is given; one of its terms becomes what it is told at one epoch.

    Too large to be stacked.
    """

    def __init__(self, *, broken: float = 1.0, at_epoch: int = 0, steps_per_epoch: int = 1) -> None:
        super().__init__(side=8, classes=10)
        self.weight = torch.nn.Parameter(torch.zeros(LARGEST_STACKED_WORK + 1))
        self.broken, self.at_epoch, self.steps_per_epoch = broken, at_epoch, steps_per_epoch
        self.steps = 0
        self.seen: list[Tensor] = []
        self.labelled_images: list[Tensor] = []
        self.labels: list[Tensor] = []

    def make_optimizers(self) -> list[Optimizer]:
        return [SGD(self.parameters(), lr=0.1)]

    def draw_noise(self, count: int, generator: torch.Generator) -> Noise:
        return {}

    def minibatch_step(self, batch: Minibatch, noise: Noise, optimizers: Sequence[Optimizer]) -> Terms:
        self.steps += 1
        self.seen.append(batch.images)
        self.labelled_images.append(batch.labelled_images)
        self.labels.append(batch.labels)
        broken = self.steps == self.at_epoch * self.steps_per_epoch
        return {"loss/L": torch.tensor(1.0), "train/kl": torch.tensor(self.broken if broken else 1.0)}

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.zeros(count, 8, 8)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_divergence_is_found_with_fold_epoch_and_term_and_ends_the_training(value: float) -> None:
    """100 examples by 50 are two minibatches an epoch; fold 1 breaks in the second one of epoch 3."""
    counting = [Counting(), Counting(broken=value, at_epoch=3, steps_per_epoch=2), Counting()]
    trained = FoldGroup(counting, PARTS, IMAGES, LABELS, batch_size=50, seed_for=seed_for)
    trained.train_to(9)
    assert trained.divergence == Divergence(fold=1, epoch=3, term="train/kl")
    assert str(trained.divergence) == "train/kl became non-finite in epoch 3 of fold 1"
    assert [model.steps for model in counting] == [6, 6, 4]


def test_the_first_fold_that_diverges_is_the_one_that_is_told() -> None:
    counting = [Counting(), *(Counting(broken=math.nan, at_epoch=2, steps_per_epoch=2) for _ in range(2))]
    trained = FoldGroup(counting, PARTS, IMAGES, LABELS, batch_size=50, seed_for=seed_for)
    trained.train_to(3)
    assert trained.divergence == Divergence(fold=1, epoch=2, term="train/kl")


def test_weights_beyond_reason_diverge_in_their_first_epoch() -> None:
    trained = group()
    for weights in trained.parameters():
        weights.data.mul_(1e30)
    trained.train_to(9)
    assert trained.divergence is not None
    assert (trained.divergence.fold, trained.divergence.epoch) == (0, 1)
    assert trained.epochs_trained == 1


def test_sound_training_has_no_divergence() -> None:
    trained = group()
    trained.train_to(2)
    assert trained.divergence is None
