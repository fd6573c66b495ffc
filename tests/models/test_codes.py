"""What models let people set: one contract for every model with codes, and what the codes of each mean."""

import pytest
import torch

from models.build import MODELS, build
from models.codes import CodedModel, Latents
from models.hyperparameters import HYPERPARAMETERS
from tests.models.training import seeded

CODED = [name for name, kind in HYPERPARAMETERS.items() if issubclass(MODELS[kind], CodedModel)]


def coded(name: str) -> CodedModel:
    model = build(name, {"hidden": 32}, side=8, classes=10, seed=7)
    assert isinstance(model, CodedModel)
    return model


@pytest.mark.parametrize("name", CODED)
def test_samples_are_the_images_of_drawn_latents(name: str) -> None:
    model = coded(name)
    latents = model.draw_latents(12, seeded(3))
    assert torch.equal(model.generate(latents), model.sample(12, seeded(3)))
    assert not model.sample(1, seeded(3)).requires_grad


@pytest.mark.parametrize("name", CODED)
def test_drawn_codes_have_a_column_for_each_axis_and_lie_in_its_range(name: str) -> None:
    model = coded(name)
    axes, codes = model.code_axes(), model.draw_latents(200, seeded(0)).codes
    assert codes.shape == (200, len(axes))
    assert len({axis.name for axis in axes}) == len(axes)
    for axis, column in zip(axes, codes.T, strict=True):
        inside = (axis.low <= column) & (column <= axis.high)
        assert inside.float().mean() > 0.97
        assert not axis.whole or (inside.all() and torch.equal(column, column.round()))


@pytest.mark.parametrize("name", CODED)
def test_every_code_changes_the_image_and_equal_latents_give_equal_images(name: str) -> None:
    model = coded(name)
    codes, noise = model.draw_latents(1, seeded(0))
    for column, axis in enumerate(model.code_axes()):
        low, high = codes.clone(), codes.clone()
        low[:, column], high[:, column] = axis.low, axis.high
        images = [model.generate(Latents(each, noise)) for each in (low, low.clone(), high)]
        assert torch.equal(images[0], images[1])
        assert not torch.equal(images[0], images[2])


def test_a_vae_has_the_dimensions_of_its_code() -> None:
    model = build("beta_vae", {"latent_dim": 3}, side=8, classes=10, seed=0)
    assert isinstance(model, CodedModel)
    axes = [(axis.name, axis.low, axis.high, axis.whole) for axis in model.code_axes()]
    assert axes == [("z0", -3, 3, False), ("z1", -3, 3, False), ("z2", -3, 3, False)]
    assert model.draw_latents(4, seeded(0)).noise.shape == (4, 0)


def test_an_infogan_has_its_category_and_its_continuous_codes() -> None:
    model = build("infogan", {}, side=8, classes=7, seed=0)
    assert isinstance(model, CodedModel)
    axes = [(axis.name, axis.low, axis.high, axis.whole) for axis in model.code_axes()]
    assert axes == [("code", 0, 6, True), ("c0", -1, 1, False), ("c1", -1, 1, False)]
    category = model.draw_latents(9, seeded(0)).codes[:, 0].tolist()
    assert category == [0, 1, 2, 3, 4, 5, 6, 0, 1]
