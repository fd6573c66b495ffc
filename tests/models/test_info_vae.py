"""The InfoVAE: its two weights, and the identity that its loss comes from."""

import pytest
import torch

from models.build import build
from models.info_vae import InfoVAEModel
from tests.models.training import digits, learn, seeded, train


@pytest.mark.parametrize(("alpha", "lambda_"), [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (0.3, 40.0)])
def test_alpha_frees_the_code_and_alpha_and_lambda_hold_all_codes_to_the_prior(alpha: float, lambda_: float) -> None:
    images, labels = digits(32)
    model = _model(alpha, lambda_)
    terms = learn(model, model.make_optimizers(), images, labels, seeded(3))
    reconstruction, kl, mmd = (terms[f"train/{name}"].item() for name in ("reconstruction", "kl", "mmd"))
    expected = reconstruction + (1 - alpha) * kl + (alpha + lambda_ - 1) * mmd
    assert terms["loss/L"].item() == pytest.approx(expected, rel=1e-6)
    assert terms["loss/J"].item() == pytest.approx(reconstruction + kl, rel=1e-6)


def test_the_loss_is_information_and_two_divergences_rewritten() -> None:
    """The definition of Zhao 2017 is the loss up to the data's entropy, with the KL divergence in the place of MMD².

    λ KL(q(z)||p(z)) + E_q(z) KL(q(x|z)||p(x|z)) - α I_q(x;z)
    = R + (1-α) E KL(q(z|x)||p(z)) + (α+λ-1) KL(q(z)||p(z)) - H, for any joint distributions of a discrete x and z.
    """
    generator, alpha, lambda_ = seeded(0), 0.7, 3.0
    data, code_given_x = (
        torch.rand(4, generator=generator).softmax(0),
        torch.rand(4, 3, generator=generator).softmax(1),
    )
    prior, x_given_code = (
        torch.rand(3, generator=generator).softmax(0),
        torch.rand(3, 4, generator=generator).softmax(1),
    )
    joint = data[:, None] * code_given_x
    codes = joint.sum(dim=0)
    divergence = (codes * (codes / prior).log()).sum()
    reverse = (joint * (joint / codes / x_given_code.T).log()).sum()
    information = (joint * (code_given_x / codes).log()).sum()
    reconstruction = -(joint * x_given_code.T.log()).sum()
    kl = (joint * (code_given_x / prior).log()).sum()
    entropy = -(data * data.log()).sum()
    first = lambda_ * divergence + reverse - alpha * information
    second = reconstruction + (1 - alpha) * kl + (alpha + lambda_ - 1) * divergence - entropy
    assert first.item() == pytest.approx(second.item(), abs=1e-6)


def test_alpha_lets_the_code_carry_more() -> None:
    tight, free = (_kl_after_training(_model(alpha, 10.0)) for alpha in (0.0, 0.95))
    assert free > 1.3 * tight


def _model(alpha: float, lambda_: float) -> InfoVAEModel:
    values = {"alpha": alpha, "lambda": lambda_, "latent_dim": 4, "hidden": 32}
    built = build("info_vae", values, side=8, classes=10, seed=0)
    assert isinstance(built, InfoVAEModel)
    return built


def _kl_after_training(model: InfoVAEModel) -> float:
    return train(model, model.make_optimizers(), *digits(320), range(10))[-1]["train/kl"].item()
