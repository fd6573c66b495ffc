"""The networks that models are made of: images to features, and codes to the logits of images.

Dense networks fit images of any size; convolutional ones are DCGAN-like (Radford 2015) and halve a side twice, from 28
to 7 or from 8 to 2. Encoders can be batch-normalised, always by the batch they are given: running statistics would be
one more state to continue from. What the outputs mean is the models' business.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.precision import Precision

__all__ = [
    "CONV_SHRINKS",
    "SLOPE",
    "BatchNorm",
    "Dense",
    "Network",
    "batch_normalised",
    "decoder",
    "encoder",
    "multiplying_in",
    "perceptron",
]

CONV_SHRINKS = 4
"""How many times smaller a side is behind two strides of 2; convolutional networks fit sides that are multiples."""

SLOPE = 0.2
"""Negative slope of the leaky rectifiers, as in DCGAN."""


class Dense(nn.Module):
    """x W + b with W `(inputs, outputs)`, initialised as torch's `nn.Linear`, whose W is the transpose.

    Stacked over folds, products with this layout need no copies: twice as fast as with the other.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Return `(batch, outputs)` of `(batch, inputs)`."""
        return torch.addmm(self.bias, x, self.weight)


class BatchNorm(nn.Module):
    """(x - E x)/σ(x) · γ + β by channel, with the mean and the deviation of the batch at hand (Ioffe & Szegedy 2015).

    It has no running statistics, and does the same in training and after it: what it returns for an image depends on
    the images beside it, of which there must be two or more.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return x `(batch, channels, …)` normalised."""
        return F.batch_norm(x, None, None, self.weight, self.bias, training=True)


class Network(nn.Sequential):
    """Layers one after another, which may multiply in bfloat16 (Micikevicius 2018, §3.1; Kalamkar 2019).

    Weights stay what they are, and what comes out has the type of what went in, so that losses are never computed in
    bfloat16.

    Attributes:
        bf16: Whether they do; `multiplying_in` says so.
    """

    bf16: bool = False

    def forward(self, x: Tensor) -> Tensor:
        """Return what the last layer makes of what the others made of x."""
        if not self.bf16:
            return self._through(x)
        with torch.autocast(x.device.type, torch.bfloat16):
            return self._through(x).to(x.dtype)

    def _through(self, x: Tensor) -> Tensor:
        for layer in self:
            x = layer(x)
        return x


@contextmanager
def multiplying_in(precision: Precision, model: nn.Module) -> Iterator[None]:
    """Have all networks of a model multiply in these numbers, and in float32 again afterwards.

    Lightning's `bf16-mixed` would not do: it holds one autocast around a step, and as long as that lasts it keeps the
    bfloat16 copies of weights that a step of many minibatches has changed since.
    """
    networks = [module for module in model.modules() if isinstance(module, Network)]
    for network in networks:
        network.bf16 = precision == "bf16"
    try:
        yield
    finally:
        for network in networks:
            network.bf16 = False


def perceptron(inputs: int, hidden: int, layers: int, outputs: int) -> Network:
    """Build a dense network from `(batch, inputs)` to `(batch, outputs)` with so many hidden layers, at least one."""
    widths = [inputs, *[hidden] * layers]
    rectified = [(Dense(before, after), nn.LeakyReLU(SLOPE)) for before, after in pairwise(widths)]
    return Network(*chain.from_iterable(rectified), Dense(hidden, outputs))


def encoder(network: str, *, side: int, hidden: int, outputs: int, layers: int = 1) -> Network:
    """Build a network from images `(batch, side, side)` to features `(batch, outputs)`.

    A dense one has so many hidden layers; a convolutional one is always the same.

    Raises:
        ValueError: An unknown kind of network, or a convolutional one for a side that it cannot halve twice.
    """
    match network:
        case "dense":
            return Network(nn.Flatten(), *perceptron(side * side, hidden, layers, outputs))
        case "conv":
            return _conv_encoder(_shrunk(side), hidden, outputs)
    raise ValueError(_unknown(network))


def batch_normalised(network: Network) -> Network:
    """Return an encoder with a normalisation behind every layer that has weights, but the first (Radford 2015)."""
    weighted = [layer for layer in network if isinstance(layer, Dense | nn.Conv2d)]
    norms: dict[nn.Module, BatchNorm] = {layer: BatchNorm(len(layer.get_parameter("bias"))) for layer in weighted[1:]}
    pairs = [(layer, norms[layer]) if layer in norms else (layer,) for layer in network]
    return Network(*chain.from_iterable(pairs))


def decoder(network: str, *, inputs: int, side: int, hidden: int, layers: int = 1) -> Network:
    """Build a network from codes `(batch, inputs)` to the logits of images `(batch, side, side)`.

    A dense one has so many hidden layers; a convolutional one is always the same.

    Raises:
        ValueError: An unknown kind of network, or a convolutional one for a side that it cannot halve twice.
    """
    match network:
        case "dense":
            return Network(*perceptron(inputs, hidden, layers, side * side), nn.Unflatten(1, (side, side)))
        case "conv":
            return _conv_decoder(_shrunk(side), inputs, hidden)
    raise ValueError(_unknown(network))


def _conv_encoder(small: int, hidden: int, outputs: int) -> Network:
    narrow, wide = _channels(hidden)
    return Network(
        nn.Unflatten(1, (1, CONV_SHRINKS * small)),
        nn.Conv2d(1, narrow, kernel_size=4, stride=2, padding=1),
        nn.LeakyReLU(SLOPE),
        nn.Conv2d(narrow, wide, kernel_size=4, stride=2, padding=1),
        nn.LeakyReLU(SLOPE),
        nn.Flatten(),
        Dense(wide * small * small, outputs),
    )


def _conv_decoder(small: int, inputs: int, hidden: int) -> Network:
    narrow, wide = _channels(hidden)
    return Network(
        Dense(inputs, wide * small * small),
        nn.LeakyReLU(SLOPE),
        nn.Unflatten(1, (wide, small, small)),
        nn.ConvTranspose2d(wide, narrow, kernel_size=4, stride=2, padding=1),
        nn.LeakyReLU(SLOPE),
        nn.ConvTranspose2d(narrow, 1, kernel_size=4, stride=2, padding=1),
        nn.Flatten(1, 2),
    )


def _channels(hidden: int) -> tuple[int, int]:
    """Return the channels after the first and the second halving: 32 and 64 at the default width of 128."""
    return max(hidden // 4, 1), max(hidden // 2, 1)


def _shrunk(side: int) -> int:
    """Return the side behind both strides."""
    if side % CONV_SHRINKS:
        rule = f"network conv needs images whose side is a multiple of {CONV_SHRINKS}"
        raise ValueError(f"{rule}, but got {side}×{side}. Use network: dense instead.")
    return side // CONV_SHRINKS


def _unknown(network: str) -> str:
    return f"network must be dense or conv, but got {network!r}"
