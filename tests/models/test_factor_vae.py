"""The FactorVAE: its loss, its critic, and that each learns from its own loss alone."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.build import build
from models.factor_vae import FactorVAEModel
from models.rule import Value
from tests.models.training import digits, learn, seeded, train


def test_the_critics_estimate_is_weighed_by_gamma() -> None:
    images, labels = digits(32)
    model = _model(beta=9.0)
    terms = learn(model, model.make_optimizers(), images, labels, seeded(3))
    reconstruction, kl, tc = (terms[f"train/{name}"].item() for name in ("reconstruction", "kl", "tc"))
    assert terms["loss/L"].item() == pytest.approx(reconstruction + kl + 8 * tc, rel=1e-6)


@pytest.mark.parametrize("count", [1, 32, 33])
def test_j_is_the_critics_cross_entropy_of_codes_against_permuted_codes_of_the_other_half(count: int) -> None:
    images, labels = digits(count)
    model = _model().double()
    noise = model.draw_noise(count, seeded(3))
    code = model.code(model.draw_pixels(images.double(), noise["pixels"]), noise["code"])
    half = (count + 1) // 2
    first, second = code.z[:half].detach(), code.z[-half:].detach()
    permuted = torch.stack([second[noise["orders"][:, d], d] for d in range(4)], dim=1)
    logits = [model.critic(z).squeeze(1) for z in (first, permuted)]
    expected = [
        0.5 * F.binary_cross_entropy_with_logits(each, torch.full_like(each, answer))
        for each, answer in zip(logits, (1.0, 0.0), strict=True)
    ]
    terms = learn(model, model.make_optimizers(), images.double(), labels, seeded(3))
    assert terms["loss/J"].item() == pytest.approx(torch.stack(expected).sum().item(), rel=1e-9)


def test_each_optimizer_moves_its_own_networks_by_its_own_loss() -> None:
    images, labels = digits(32)
    model = _model(beta=50.0).double()
    untouched = copy.deepcopy(model)
    still_vae = model.make_optimizers()
    still_vae[0].param_groups[0]["lr"] = 0.0
    learn(model, still_vae, images.double(), labels, seeded(3))
    for ours, before in zip(model.encoder.parameters(), untouched.encoder.parameters(), strict=True):
        assert torch.equal(ours, before)
    noise = untouched.draw_noise(32, seeded(3))
    code = untouched.code(untouched.draw_pixels(images.double(), noise["pixels"]), noise["code"])
    loss = untouched.critic_loss(code.z.detach(), noise["orders"])
    gradients = torch.autograd.grad(loss, list(untouched.critic.parameters()))
    for before, after, gradient in zip(
        untouched.critic.parameters(), model.critic.parameters(), gradients, strict=True
    ):
        step = 2e-3 * gradient / (gradient.abs() + 1e-8)  # Adam's first
        torch.testing.assert_close(after.detach(), before.detach() - step, atol=1e-9, rtol=0)


def test_the_critic_learns_the_total_correlation_of_a_gaussian() -> None:
    """Its estimate E s(z) tends to TC = -½ log(1 - ρ²)."""
    model, rho = _model(latent_dim=2), 0.9
    critic = model.make_optimizers()[1]
    for step in range(1_500):
        z, orders = _correlated(256, rho, step), torch.rand(128, 2, generator=seeded(step)).argsort(dim=0)
        critic.zero_grad()
        torch.autograd.backward(model.critic_loss(z, orders))
        critic.step()
    estimate = model.critic(_correlated(20_000, rho, 9_999)).mean().item()
    assert estimate == pytest.approx(-0.5 * torch.tensor(1 - rho**2).log().item(), abs=0.15)


def test_training_keeps_critic_and_code_finite_and_lowers_the_loss() -> None:
    model = _model(beta=20.0)
    terms = train(model, model.make_optimizers(), *digits(320), range(15))
    assert all(term.isfinite() for each in terms for term in each.values())
    assert terms[-1]["loss/L"] < terms[0]["loss/L"] - 5


def _correlated(count: int, rho: float, seed: int) -> Tensor:
    noise = torch.randn(count, 2, generator=seeded(seed))
    return torch.stack([noise[:, 0], rho * noise[:, 0] + (1 - rho**2) ** 0.5 * noise[:, 1]], dim=1)


def _model(**values: Value) -> FactorVAEModel:
    built = build("factor_vae", {"latent_dim": 4, "hidden": 32, **values}, side=8, classes=10, seed=0)
    assert isinstance(built, FactorVAEModel)
    return built
