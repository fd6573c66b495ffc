"""From a model's name and its hyperparameters to the model with its initial weights."""

from collections.abc import Mapping
from typing import Any

import torch

from models.base import GenerativeModel
from models.cat_vae import CatVAEModel
from models.cvae import CVAEModel
from models.dip_vae import DIPVAEModel
from models.factor_vae import FactorVAEModel
from models.hyperparameters import parse
from models.info_vae import InfoVAEModel
from models.infogan import InfoGANModel
from models.infogan_hyperparameters import InfoGAN
from models.rule import Value
from models.tc_vae import BetaTCVAEModel
from models.vae import BetaVAEModel, VAEModel
from models.vae_hyperparameters import CVAE, DIPVAE, VAE, BetaTCVAE, BetaVAE, CatVAE, FactorVAE, InfoVAE

__all__ = ["MODELS", "build"]

MODELS: dict[type, Any] = {
    VAE: VAEModel,
    BetaVAE: BetaVAEModel,
    InfoVAE: InfoVAEModel,
    BetaTCVAE: BetaTCVAEModel,
    DIPVAE: DIPVAEModel,
    FactorVAE: FactorVAEModel,
    CatVAE: CatVAEModel,
    CVAE: CVAEModel,
    InfoGAN: InfoGANModel,
}
"""The module of each kind of hyperparameters."""


def build(
    model: str, hyperparameters: Mapping[str, Value], *, side: int, classes: int, seed: int, levels: int = 256
) -> GenerativeModel:
    """Build a model for `side × side` images of `classes` classes; the same seed gives the same initial weights.

    Torch's global random state is left as it was. How many `levels` of grey the images have matters to a Gaussian
    decoder alone.

    Raises:
        ValueError: A hyperparameter the model does not have or does not allow, or a network that does not fit `side`.
    """
    parsed = parse(model, hyperparameters)
    facts = {"side": side, "classes": classes} | ({"levels": levels} if parsed.has_likelihood else {})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        built: GenerativeModel = MODELS[type(parsed)](parsed, **facts)
    return built
