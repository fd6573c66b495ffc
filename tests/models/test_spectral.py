"""Spectral normalisation against singular values, and its gradient by hand."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from models.networks import Dense
from models.spectral import SpectralNorm
from tests.models.training import seeded


def test_after_enough_steps_the_largest_singular_value_of_every_matrix_is_one() -> None:
    norm = _settled(_dense())
    x = torch.randn(5, 4, generator=seeded(0), dtype=torch.float64)
    first, last = (layer.weight.detach() for layer in (norm.network[0], norm.network[2]))  # type: ignore[index]  # a Sequential
    first, last = (weight / torch.linalg.svdvals(weight)[0] for weight in (first, last))
    hidden = torch.tanh(x @ first + norm.network[0].bias)  # type: ignore[index]  # as above
    torch.testing.assert_close(norm(x), hidden @ last + norm.network[2].bias)  # type: ignore[index]  # as above


def test_kernels_of_convolutions_count_as_matrices() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, 2)).double()
    norm, x = _settled(network), torch.randn(4, 2, 4, 4, generator=seeded(0), dtype=torch.float64)
    kernel, matrix = (network.get_parameter(name) for name in ("0.weight", "2.weight"))
    scaled = {"0.weight": kernel / torch.linalg.svdvals(kernel.flatten(1))[0]}
    scaled["2.weight"] = matrix / torch.linalg.svdvals(matrix)[0]
    torch.testing.assert_close(norm(x), functional_call(network, scaled, (x,)))


def test_the_gradient_passes_through_the_singular_value() -> None:
    """Of f(W/σ): (G - <G, W/σ> u vᵀ)/σ, with G the gradient at W/σ (Miyato 2018, Eq. 12)."""
    network = nn.Sequential(Dense(4, 3)).double()
    norm, x = _settled(network), torch.randn(5, 4, generator=seeded(0), dtype=torch.float64)
    weight = network.get_parameter("0.weight")
    (gradient,) = torch.autograd.grad(norm(x).square().sum(), weight)
    left, values, right = torch.linalg.svd(weight.detach())
    scaled = (weight.detach() / values[0]).requires_grad_()
    (plain,) = torch.autograd.grad((x @ scaled + network.get_parameter("0.bias")).square().sum(), scaled)
    expected = (plain - (plain * scaled.detach()).sum() * torch.outer(left[:, 0], right[0])) / values[0]
    torch.testing.assert_close(gradient, expected)


def test_one_step_is_one_power_iteration() -> None:
    norm = SpectralNorm(_dense()).double()
    weight, before = norm.network.get_parameter("0.weight"), norm.get_buffer("direction_0").clone()
    norm.move(norm.iterated())
    expected = F.normalize(weight.T @ weight @ before, dim=0).detach()
    torch.testing.assert_close(norm.get_buffer("direction_0"), expected)
    assert not norm.get_buffer("direction_0").requires_grad


def test_the_first_estimate_is_close_already() -> None:
    norm = SpectralNorm(_dense())
    weight = norm.network.get_parameter("0.weight").detach()
    estimate = (weight @ norm.get_buffer("direction_0")).norm().item()
    assert estimate == pytest.approx(torch.linalg.svdvals(weight)[0].item(), rel=0.02)


def test_normalised_networks_stack() -> None:
    norms = [_settled(_dense(seed)) for seed in range(3)]
    x = torch.randn(3, 5, 4, generator=seeded(0), dtype=torch.float64)
    parameters, buffers = stack_module_state(list[nn.Module](norms))

    def call(own: dict[str, Tensor], each: Tensor) -> Tensor:
        output: Tensor = functional_call(norms[0], own, (each,))
        return output

    together = vmap(call)({**parameters, **buffers}, x)
    torch.testing.assert_close(together, torch.stack([norm(each) for norm, each in zip(norms, x, strict=True)]))


def _dense(seed: int = 0) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(Dense(4, 6), nn.Tanh(), Dense(6, 2)).double()


def _settled(network: nn.Module) -> SpectralNorm:
    """Return a network whose vectors have had the time to converge."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        norm = SpectralNorm(network.float()).double()
    for _ in range(300):
        norm.move(norm.iterated())
    return norm
