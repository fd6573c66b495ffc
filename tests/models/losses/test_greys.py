"""Dequantised greys: spread over their level, and back."""

import pytest
import torch
from torch.distributions import Uniform

from models.losses.greys import dequantise, undo_dequantisation
from tests.models.oracles import log_prob


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_evenly_frequent_greys_become_uniform_on_the_unit_interval(levels: int) -> None:
    generator = torch.Generator().manual_seed(0)
    greys = torch.arange(levels).repeat(40_000 // levels).double() / (levels - 1)
    x = dequantise(greys, torch.rand(greys.shape, generator=generator, dtype=torch.float64), levels)
    assert log_prob(Uniform(torch.zeros(()).double(), torch.ones(()).double()), x).eq(0).all()
    grid = torch.linspace(0, 1, len(x), dtype=torch.float64)
    assert (x.sort().values - grid).abs().max() < 0.02  # Kolmogorov and Smirnov: 0.0096 at 1 in 1,000


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_a_grey_stays_within_its_level_and_comes_back_from_its_middle(levels: int) -> None:
    greys = torch.arange(levels).double() / (levels - 1)
    for noise in (0.0, 0.5, 0.999):
        x = dequantise(greys, torch.full_like(greys, noise), levels)
        assert torch.equal((x * levels + 1e-9).floor(), torch.arange(levels).double())
    middle = dequantise(greys, torch.full_like(greys, 0.5), levels)
    torch.testing.assert_close(undo_dequantisation(middle, levels), greys)


def test_what_lies_beyond_the_greys_is_black_or_white() -> None:
    assert undo_dequantisation(torch.tensor([0.0, 1.0]), 17).tolist() == [0.0, 1.0]
