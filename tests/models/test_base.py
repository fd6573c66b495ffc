"""What every model promises, whichever it is: one contract, run against each."""

import copy
import io

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, TensorDataset

from models.base import GenerativeModel, LatentVariableModel
from models.build import build
from models.hyperparameters import HYPERPARAMETERS
from tests.models.training import digits, seeded, train

pytestmark = pytest.mark.parametrize("name", list(HYPERPARAMETERS))


def test_training_continues_bit_for_bit_from_saved_states(name: str) -> None:
    images, labels = digits(160)
    through, resumed = _model(name), _model(name)
    optimizers = through.make_optimizers()
    train(through, optimizers, images, labels, range(3))
    file = io.BytesIO()
    torch.save([through.state_dict(), [optimizer.state_dict() for optimizer in optimizers]], file)
    train(through, optimizers, images, labels, range(3, 9))

    file.seek(0)
    state, optimizer_states = torch.load(file, weights_only=True)
    resumed.load_state_dict(state)
    restored = resumed.make_optimizers()
    for optimizer, optimizer_state in zip(restored, optimizer_states, strict=True):
        optimizer.load_state_dict(optimizer_state)
    train(resumed, restored, images, labels, range(3, 9))

    expected = through.state_dict()
    assert resumed.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[key]) for key, value in resumed.state_dict().items())
    assert torch.equal(resumed.sample(20, seeded(5)), through.sample(20, seeded(5)))


def test_a_step_draws_from_its_generator_alone(name: str) -> None:
    images, labels = digits(32)
    model = _model(name)
    before = torch.get_rng_state()
    train(model, model.make_optimizers(), images, labels, range(1))
    model.sample(5, seeded(0))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_step_reports_detached_finite_scalars_under_stable_names(name: str) -> None:
    images, labels = digits(64)
    model = _model(name)
    first, second = train(model, model.make_optimizers(), images, labels, range(1))
    assert first.keys() == second.keys()
    assert {"loss/L", "loss/J"} < first.keys()
    assert all(term.startswith("train/") for term in first.keys() - {"loss/L", "loss/J"})
    assert all(term.shape == () and not term.requires_grad and term.isfinite() for term in first.values())


def test_a_step_changes_every_weight_but_not_the_images(name: str) -> None:
    images, labels = digits(32)
    originals = images.clone()
    model = _model(name)
    before = {key: weight.clone() for key, weight in model.named_parameters() if weight.requires_grad}
    train(model, model.make_optimizers(), images, labels, range(2))
    still = [key for key, weight in model.named_parameters() if key in before and torch.equal(weight, before[key])]
    assert still == []
    assert torch.equal(images, originals)


def test_samples_are_images_in_the_unit_interval_that_depend_on_the_generator(name: str) -> None:
    model = _model(name)
    samples = model.sample(23, seeded(0))
    assert samples.shape == (23, 8, 8)
    assert not samples.requires_grad
    assert samples.min() >= 0
    assert samples.max() <= 1
    assert torch.equal(model.sample(23, seeded(0)), samples)
    assert not torch.equal(model.sample(23, seeded(1)), samples)


def test_it_also_trains_alone_under_an_ordinary_trainer(name: str) -> None:
    images, labels = digits(96)
    model = _model(name)
    before = copy.deepcopy(model.state_dict())
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, DataLoader(TensorDataset(images, labels), batch_size=32))
    assert {"loss/L", "loss/J"} < trainer.callback_metrics.keys()
    assert all(value.isfinite() for value in trainer.callback_metrics.values())
    assert model.examples == 96
    assert trainer.global_step == 3 * len(model.make_optimizers())
    assert any(not torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_training_steps_outside_a_trainer_are_refused(name: str) -> None:
    with pytest.raises(RuntimeError, match="elsewhere call minibatch_step"):
        _model(name).training_step(digits(8), 0)


def test_a_model_bounds_its_likelihood_if_its_hyperparameters_say_so(name: str) -> None:
    assert isinstance(_model(name), LatentVariableModel) == HYPERPARAMETERS[name].has_likelihood


def _model(name: str) -> GenerativeModel:
    return build(name, {"hidden": 32}, side=8, classes=10, seed=7)
