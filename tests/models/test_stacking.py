"""Stacked models: each fold computes what it would alone, and comes out of the stack as it went in."""

import pytest
import torch
from torch import Tensor

from models.base import GenerativeModel, Minibatch
from models.build import build
from models.hyperparameters import HYPERPARAMETERS
from models.stacking import stack, unstack, worth_stacking
from tests.models.training import assert_stacked_steps_are_those_of_the_models, digits, seeded

FOLDS = 3


@pytest.mark.parametrize("name", list(HYPERPARAMETERS))
def test_what_comes_out_of_a_stack_is_what_went_in_and_the_models_are_left_alone(name: str) -> None:
    models = _models(name)
    before = [{key: value.clone() for key, value in model.state_dict().items()} for model in models]
    stacked = stack(models)
    for parameter in stacked.parameters():
        parameter.data.add_(0)
    for fold, expected in enumerate(before):
        single = unstack(stacked, fold, into=_models(name)[0])
        assert _same(single.state_dict(), expected)
        assert _same(models[fold].state_dict(), expected)
        assert not single.stacked
    assert stacked.stacked


@pytest.mark.parametrize("name", list(HYPERPARAMETERS))
def test_steps_of_a_stack_are_the_steps_of_its_models(name: str) -> None:
    models = [model.double() for model in _models(name)]
    assert_stacked_steps_are_those_of_the_models(models, _minibatch, into=_models(name)[0])


def test_a_fold_that_diverges_leaves_the_others_of_its_stack_alone() -> None:
    stacked = stack(_models("beta_vae"))
    weights = next(stacked.parameters())
    weights.data[1].fill_(torch.inf)
    images = torch.stack([digits(16)[0]] * FOLDS)
    noise = {
        key: torch.stack([value] * FOLDS) for key, value in _models("beta_vae")[0].draw_noise(16, seeded(0)).items()
    }
    empty = Minibatch(images, images[:, :0], torch.zeros(FOLDS, 0, dtype=torch.int64))
    for _ in range(2):
        loss = stacked.minibatch_step(empty, noise, stacked.make_optimizers())["loss/L"]
    assert loss.isfinite().tolist() == [True, False, True]


def test_only_small_work_is_worth_stacking_whatever_the_machine() -> None:
    small, large = (build("beta_vae", {"hidden": hidden}, side=8, classes=10, seed=0) for hidden in (128, 4096))
    assert worth_stacking(small, 64)
    assert not worth_stacking(small, 64_000)
    assert not worth_stacking(large, 64)
    assert not worth_stacking(build("beta_vae", {"network": "conv", "hidden": 8}, side=28, classes=10, seed=0), 2)


def _models(name: str) -> list[GenerativeModel]:
    return [build(name, {"hidden": 16}, side=8, classes=10, seed=fold) for fold in range(FOLDS)]


def _minibatch(model: GenerativeModel, step: int, fold: int) -> Minibatch:
    images, labels = digits(300)
    rows = torch.randperm(300, generator=seeded(100 * step + fold))[:16]
    return model.labelled_minibatch(images[rows].double(), labels[rows])


def _same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)
