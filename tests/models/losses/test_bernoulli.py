"""Binary pixels against torch.distributions."""

import torch
from torch import Tensor
from torch.distributions import Bernoulli

from models.losses.bernoulli import bernoulli_nll, binarise
from tests.models.oracles import log_prob


def test_bernoulli_nll_is_the_likelihood_of_torch_distributions() -> None:
    logits, x = _normal(5, 4, 4), _normal(5, 4, 4, seed=1).gt(0).double()
    expected = -log_prob(Bernoulli(logits=logits), x).sum(dim=(1, 2))
    torch.testing.assert_close(bernoulli_nll(logits, x), expected)


def test_binarise_draws_each_pixel_with_its_grey_as_probability() -> None:
    greys = torch.tensor([0.0, 0.25, 0.7, 1.0])
    binary = binarise(greys.expand(20_000, 4), torch.rand(20_000, 4, generator=_seeded()))
    assert set(binary.flatten().tolist()) == {0.0, 1.0}
    assert binary[:, 0].sum() == 0
    assert binary[:, 3].sum() == 20_000
    torch.testing.assert_close(binary.mean(dim=0), greys, atol=0.02, rtol=0)


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=_seeded(seed), dtype=torch.float64)


def _seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
