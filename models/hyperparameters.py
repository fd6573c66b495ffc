"""Hyperparameters of every model, as frozen dataclasses: one vocabulary, its ranges and its neutral values.

Knows no torch, so that a spec is checked in milliseconds. A field that ends in `_` (`lambda_`) is a Python keyword
without it; specs, MLflow and best.yaml use the name without the underscore.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar

__all__ = ["HYPERPARAMETERS", "BetaVAE", "Hyperparameters", "InfoGAN", "Rule", "defaults", "parse", "rules"]

Value = float | int | str | bool


@dataclass(frozen=True)
class Rule:
    """What one hyperparameter may be.

    Attributes:
        name: Its name in specs.
        kind: `float`, `int`, `str` or `bool`.
        default: The value when a spec does not say.
        meaning: One line for people.
        low: Smallest value allowed, inclusive; None for `str` and `bool`.
        high: Largest value allowed, inclusive; None for `str` and `bool`.
        choices: The values allowed, for `str` and `bool`.
        weight: True if it weighs a term of the training loss, which then cannot be compared between configurations.
        neutral: The value at which its term vanishes or the model reduces to its plain form; None if there is none.
    """

    name: str
    kind: type
    default: Value
    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[Value, ...] = ()
    weight: bool = False
    neutral: float | None = None

    def allows(self, value: object) -> bool:
        """Tell whether a value has the right type and lies in the range."""
        if self.kind is float:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and self.low <= value <= self.high  # type: ignore[operator]  # numbers by the line above
        if self.kind is int:
            return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high  # type: ignore[operator]  # as above
        return type(value) is self.kind and value in self.choices

    def __str__(self) -> str:
        if self.choices:
            return f"{self.name} must be one of {', '.join(map(str, self.choices))}"
        noun = "a whole number" if self.kind is int else "a number"
        return f"{self.name} must be {noun} in [{self.low:g}, {self.high:g}]"


def _number(
    default: float, low: float, high: float, meaning: str, *, weight: bool = False, neutral: float | None = None
) -> Any:
    return field(
        default=default, metadata={"low": low, "high": high, "meaning": meaning, "weight": weight, "neutral": neutral}
    )


def _choice(default: str | bool, choices: tuple[str | bool, ...], meaning: str) -> Any:
    return field(default=default, metadata={"choices": choices, "meaning": meaning})


@dataclass(frozen=True)
class BetaVAE:
    """β-VAE (Higgins 2017, Eq. 4): R + β·KL, Bernoulli decoder on dynamically binarised pixels."""

    has_likelihood: ClassVar[bool] = True
    beta: float = _number(1.0, 0.0, 1000.0, "weight of the KL term: pressure on the code", weight=True, neutral=1.0)
    latent_dim: int = _number(16, 1, 512, "width of the latent code z")
    hidden: int = _number(128, 8, 4096, "width of the hidden layers")
    network: str = _choice("dense", ("dense", "conv"), "kind of encoder and decoder; conv needs 28×28 images")
    lr: float = _number(5e-3, 1e-6, 1.0, "learning rate of Adam")
    batch_size: int = _number(64, 2, 4096, "examples in a minibatch")


@dataclass(frozen=True)
class InfoGAN:
    """InfoGAN with the article's losses L and J: label channel, two bounds on the mutual information, bottleneck."""

    has_likelihood: ClassVar[bool] = False
    beta: float = _number(
        0.05,
        1e-4,
        1.0,
        "how often the label channel corrupts a label: 0 ties code and label, 1 unties them",
        weight=True,
        neutral=1.0,
    )
    lambda_: float = _number(1.0, 0.0, 100.0, "weight of the variational bound on I(c; x)", weight=True, neutral=0.0)
    alpha: float = _number(
        0.1, 0.0, 100.0, "weight of the contrastive bound (InfoNCE) on I(c; x)", weight=True, neutral=0.0
    )
    label_weight: float = _number(1.0, 0.0, 100.0, "weight of the labelled examples' loss", weight=True, neutral=0.0)
    kappa: float = _number(1e-3, 0.0, 100.0, "weight of the widths of I and z", weight=True, neutral=0.0)
    feature_matching: float = _number(0.1, 0.0, 100.0, "weight of feature matching", weight=True, neutral=0.0)
    labels_per_class: int = _number(250, 0, 100_000, "labels per class, taken inside each fold's training part")
    noise_dim: int = _number(100, 1, 1024, "width of the noise z")
    bottleneck: int = _number(256, 2, 4096, "width of the bottleneck I")
    hidden: int = _number(128, 8, 4096, "width of the hidden layers")
    network: str = _choice("dense", ("dense", "conv"), "kind of generator and discriminator; conv needs 28×28 images")
    learned_noise: bool = _choice(True, (True, False), "learn the scale δ of each noise dimension")
    stochastic_bottleneck: bool = _choice(True, (True, False), "sample I in training; False uses its mean")
    baselines: bool = _choice(True, (True, False), "add learned class baselines, gated by softmax, to the generator")
    lr: float = _number(2e-3, 1e-6, 1.0, "learning rate of the discriminator's Adam")
    lr_generator: float = _number(4e-3, 1e-6, 1.0, "learning rate of the generator's Adam")
    batch_size: int = _number(32, 2, 4096, "examples in a minibatch")


Hyperparameters = BetaVAE | InfoGAN

HYPERPARAMETERS: dict[str, type[Hyperparameters]] = {"beta_vae": BetaVAE, "infogan": InfoGAN}
"""Every model by its name in specs."""


def rules(model: str) -> dict[str, Rule]:
    """Return the rule of each hyperparameter of a model, by name, in a stable order."""
    return {rule.name: rule for rule in map(_rule, fields(HYPERPARAMETERS[model]))}


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


def _rule(declared: Field[Any]) -> Rule:
    if declared.default is MISSING:
        raise TypeError(f"hyperparameter {declared.name} must have a default")
    assert isinstance(declared.type, type)
    return Rule(name=declared.name.removesuffix("_"), kind=declared.type, default=declared.default, **declared.metadata)


def _field_name(name: str) -> str:
    return "lambda_" if name == "lambda" else name
