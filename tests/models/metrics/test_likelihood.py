"""The comparable bound: binary pixels that never change, and an average with known values."""

import math

import pytest
import torch
from torch import Tensor

from models.base import LatentVariableModel
from models.build import build
from models.metrics import likelihood
from models.metrics.likelihood import SAMPLES, nelbo, observe
from tests.models.metrics.weighing import OnlyWeighs


class CountsWhitePixels(OnlyWeighs):
    """Its bound is the number of white pixels, and it remembers with how many draws it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def log_weights(self, images: Tensor, generator: torch.Generator, samples: int) -> Tensor:
        self.asked.append(samples)
        return -images.sum(dim=(1, 2)).expand(samples, -1)


def test_binary_pixels_are_always_the_same_and_leave_the_global_stream_alone() -> None:
    images = torch.rand(20, 8, 8, generator=torch.Generator().manual_seed(0))
    model, before = CountsWhitePixels(), torch.get_rng_state()
    first, second = observe(model, images), observe(model, images)
    assert torch.equal(first, second)
    assert torch.equal(before, torch.get_rng_state())
    assert set(first.flatten().tolist()) == {0.0, 1.0}
    assert first.dtype == images.dtype


def test_a_pixel_is_white_as_often_as_it_is_bright() -> None:
    greys = torch.tensor([0.0, 0.25, 0.8, 1.0]).view(1, 2, 2).expand(40_000, 2, 2).contiguous()
    shares = observe(CountsWhitePixels(), greys).mean(dim=0).flatten().tolist()
    assert shares[0] == 0.0
    assert shares[3] == 1.0
    assert shares[1:3] == pytest.approx([0.25, 0.8], abs=0.01)  # the standard error is 0.0022


def test_the_bound_is_averaged_over_images_with_four_draws_each() -> None:
    model = CountsWhitePixels()
    images = torch.tensor([[[1.0, 1.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])
    assert nelbo(model, images, torch.Generator()) == 1.5
    assert model.asked == [SAMPLES] == [4]


def test_the_average_is_over_images_however_they_are_chunked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likelihood, "CHUNK", 2)
    model = CountsWhitePixels()
    images = torch.tensor([4.0, 0.0, 2.0]).view(3, 1, 1).expand(3, 2, 2) / 4
    assert nelbo(model, images, torch.Generator()) == 2.0
    assert len(model.asked) == 2


def test_a_model_that_knows_nothing_needs_one_bit_for_each_pixel() -> None:
    model = build("beta_vae", {"beta": 7.0, "latent_dim": 4}, side=8, classes=10, seed=0)
    assert isinstance(model, LatentVariableModel)
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    images = observe(model, torch.full((50, 8, 8), 0.5))
    # All logits are 0 and q(z|x) = p(z), so R = 64 log 2 and KL = 0, whatever beta is.
    assert nelbo(model, images, torch.Generator().manual_seed(0)) == pytest.approx(64 * math.log(2), rel=1e-6)


def test_a_model_that_broke_gives_nan() -> None:
    model = build("beta_vae", {}, side=8, classes=10, seed=0)
    assert isinstance(model, LatentVariableModel)
    next(model.parameters()).data.fill_(float("nan"))
    assert math.isnan(nelbo(model, torch.zeros(3, 8, 8), torch.Generator()))
