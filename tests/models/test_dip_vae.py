"""The DIP-VAE: its weights in both variants, and what λ does to a code."""

import pytest
import torch
from torch import Tensor

from models.build import build
from models.dip_vae import DIPVAEModel
from models.rule import Value
from tests.models.training import digits, learn, seeded, train


@pytest.mark.parametrize(("variant", "on_diagonal"), [("I", 10), ("II", 1)])
def test_the_loss_is_the_papers_with_ten_times_lambda_on_the_diagonal_of_the_first(
    variant: str, on_diagonal: int
) -> None:
    images, labels = digits(32)
    model = _model(variant=variant, beta=2.0, **{"lambda": 3.0}).double()
    mu, log_var = model.encode((_uniform(32) < images).double())
    matrix = torch.cov(mu.T, correction=0) + (torch.diag(log_var.exp().mean(dim=0)) if variant == "II" else 0)
    off_diagonal = (matrix - torch.diag(matrix.diag())).square().sum().item()
    diagonal = (matrix.diag() - 1).square().sum().item()
    terms = learn(model, model.make_optimizers(), images.double(), labels, seeded(3))
    reconstruction, kl = terms["train/reconstruction"].item(), terms["train/kl"].item()
    expected = reconstruction + 2 * kl + 3 * off_diagonal + 3 * on_diagonal * diagonal
    assert terms["loss/L"].item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("variant", ["I", "II"])
def test_lambda_leads_the_covariance_of_the_codes_to_the_identity(variant: str) -> None:
    loose, tight = (_gap_after_training(variant, lambda_) for lambda_ in (0.0, 20.0))
    assert tight < 0.3 * loose


def _model(**values: Value) -> DIPVAEModel:
    built = build("dip_vae", {"latent_dim": 4, "hidden": 32, **values}, side=8, classes=10, seed=0)
    assert isinstance(built, DIPVAEModel)
    return built


def _uniform(count: int) -> Tensor:
    return torch.rand(count, 8, 8, generator=seeded(3), dtype=torch.float64)


def _gap_after_training(variant: str, lambda_: float) -> float:
    """Return ||C - 1||² over all images: of the means, or of the draws."""
    model, images = _model(variant=variant, **{"lambda": lambda_}), digits(320)[0]
    train(model, model.make_optimizers(), *digits(320), range(15))
    mu, log_var = model.encode(model.draw_pixels(images, _uniform(320).float()))
    z = mu if variant == "I" else mu + (0.5 * log_var).exp() * torch.randn(mu.shape, generator=seeded(1))
    return (torch.cov(z.T) - torch.eye(4)).square().sum().item()
