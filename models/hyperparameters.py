"""Hyperparameters of every model by its name in specs: one vocabulary, its ranges and its neutral values.

Knows no torch, so that a spec is checked in milliseconds. A field that ends in `_` (`lambda_`) is a Python keyword
without it; specs, MLflow and best.yaml use the name without the underscore.
"""

from collections.abc import Mapping
from dataclasses import fields

from models.infogan_hyperparameters import InfoGAN
from models.rule import Rule, Value, rule_of
from models.vae_hyperparameters import CVAE, DIPVAE, VAE, Autoencoder, BetaTCVAE, BetaVAE, CatVAE, FactorVAE, InfoVAE

__all__ = ["HYPERPARAMETERS", "Hyperparameters", "defaults", "parse", "rules"]

Hyperparameters = Autoencoder | InfoGAN

HYPERPARAMETERS: dict[str, type[Hyperparameters]] = {
    "vae": VAE,
    "beta_vae": BetaVAE,
    "info_vae": InfoVAE,
    "beta_tcvae": BetaTCVAE,
    "dip_vae": DIPVAE,
    "factor_vae": FactorVAE,
    "cat_vae": CatVAE,
    "cvae": CVAE,
    "infogan": InfoGAN,
}
"""Every model by its name in specs."""


def rules(model: str) -> dict[str, Rule]:
    """Return the rule of each hyperparameter of a model, by name, in a stable order."""
    return {rule.name: rule for rule in map(rule_of, fields(HYPERPARAMETERS[model]))}


def defaults(model: str) -> dict[str, Value]:
    """Return the default of each hyperparameter of a model."""
    return {name: rule.default for name, rule in rules(model).items()}


def parse(model: str, values: Mapping[str, Value]) -> Hyperparameters:
    """Build a model's hyperparameters from names and values; what is not named keeps its default.

    Raises:
        ValueError: A name the model does not have, or a value outside its range.
    """
    known = rules(model)
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{model} has no hyperparameter {name!r}; it has {', '.join(known)}")
        if not known[name].allows(value):
            raise ValueError(f"{known[name]}, but got {value!r}")
    by_field = {_field_name(name): known[name].kind(value) for name, value in values.items()}
    return HYPERPARAMETERS[model](**by_field)


def _field_name(name: str) -> str:
    return "lambda_" if name == "lambda" else name
