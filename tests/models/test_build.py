"""Building models: by name, with weights that the seed decides."""

import pytest
import torch

from models.build import build
from models.cat_vae import CatVAEModel
from models.cvae import CVAEModel
from models.dip_vae import DIPVAEModel
from models.factor_vae import FactorVAEModel
from models.hyperparameters import HYPERPARAMETERS
from models.info_vae import InfoVAEModel
from models.infogan import InfoGANModel
from models.tc_vae import BetaTCVAEModel
from models.vae import BetaVAEModel, VAEModel
from models.vae_pixels import GaussianPixels
from tests.models.training import digits, learn, seeded, train


def test_names_lead_to_their_models() -> None:
    built = {name: type(build(name, {}, side=8, classes=10, seed=0)) for name in HYPERPARAMETERS}
    assert built == {
        "vae": VAEModel,
        "beta_vae": BetaVAEModel,
        "info_vae": InfoVAEModel,
        "beta_tcvae": BetaTCVAEModel,
        "dip_vae": DIPVAEModel,
        "factor_vae": FactorVAEModel,
        "cat_vae": CatVAEModel,
        "cvae": CVAEModel,
        "infogan": InfoGANModel,
    }


@pytest.mark.parametrize("name", list(HYPERPARAMETERS))
def test_the_seed_decides_the_initial_weights_and_nothing_else_does(name: str) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = build(name, {}, side=8, classes=10, seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    again, other = (build(name, {}, side=8, classes=10, seed=seed) for seed in (5, 6))
    weights = first.state_dict()
    assert all(torch.equal(value, weights[key]) for key, value in again.state_dict().items())
    assert any(not torch.equal(value, weights[key]) for key, value in other.state_dict().items())


@pytest.mark.parametrize("name", list(HYPERPARAMETERS))
@pytest.mark.parametrize("side", [8, 28])
def test_convolutional_models_train_and_draw_on_both_sizes_of_image(name: str, side: int) -> None:
    model = build(name, {"network": "conv", "hidden": 16}, side=side, classes=10, seed=0)
    images, labels = torch.rand(8, side, side, generator=seeded(0)), torch.arange(8)
    terms = learn(model, model.make_optimizers(), images, labels, seeded(1))
    assert all(term.isfinite() for term in terms.values())
    assert model.sample(2, seeded(2)).shape == (2, side, side)


def test_a_convolutional_model_is_not_built_for_a_side_that_is_not_halved_twice() -> None:
    with pytest.raises(ValueError, match="conv needs images whose side is a multiple of 4, but got 10×10"):
        build("vae", {"network": "conv"}, side=10, classes=10, seed=0)


@pytest.mark.parametrize("name", [name for name in HYPERPARAMETERS if HYPERPARAMETERS[name].has_likelihood])
def test_convolutions_learn_the_digits_in_an_epoch(name: str) -> None:
    model = build(name, {"network": "conv", "hidden": 64}, side=8, classes=10, seed=0)
    terms = train(model, model.make_optimizers(), *digits(960), range(1))
    losses = [each["loss/L"].item() for each in terms]
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])


def test_hyperparameters_are_parsed() -> None:
    model = build("infogan", {"lambda": 0.5, "noise_dim": 7}, side=8, classes=10, seed=0)
    assert isinstance(model, InfoGANModel)
    assert (model.hyperparameters.lambda_, model.hyperparameters.noise_dim) == (0.5, 7)
    with pytest.raises(ValueError, match="beta_vae has no hyperparameter 'alpha'"):
        build("beta_vae", {"alpha": 0.5}, side=8, classes=10, seed=0)


def test_grey_levels_reach_the_decoders_that_need_them() -> None:
    model = build("vae", {"decoder": "gaussian"}, side=8, classes=10, seed=0, levels=17)
    assert isinstance(model, VAEModel)
    assert isinstance(model.pixels, GaussianPixels)
    assert model.pixels.levels == 17


def test_classes_decide_the_width_of_the_codes() -> None:
    model = build("infogan", {}, side=8, classes=4, seed=0)
    assert isinstance(model, InfoGANModel)
    assert model.draw_noise(64, torch.Generator().manual_seed(0))["category"].max() == 3
    assert model.discriminator.heads.weight.shape == (256, 1 + 4 + 2 * 2)
