"""The two networks of the InfoGAN: codes to images, and images through the bottleneck I to what is read off it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.infogan_hyperparameters import InfoGAN
from models.losses.gaussian import LOG_VAR_RANGE, draw_gaussian
from models.networks import SLOPE, Dense, Network, batch_normalised, decoder, encoder
from models.spectral import SpectralNorm

__all__ = ["CONTINUOUS", "Codes", "Discriminator", "Generator", "Readings"]

CONTINUOUS = 2
"""Continuous codes, each uniform on (-1, 1)."""

INITIAL_LOG_VAR = -4.0
"""Where log σ² of the bottleneck starts: σ ≈ 0.14 lets features through from the first step."""


class Codes(NamedTuple):
    """What a batch of images is made from, besides noise.

    Attributes:
        category: `(n,)`, int64, below the number of classes.
        continuous: `(n, CONTINUOUS)`, in (-1, 1).
    """

    category: Tensor
    continuous: Tensor

    def vector(self, classes: int) -> Tensor:
        """Return `(n, classes + CONTINUOUS)`: one-hot category, then the continuous codes."""
        one_hot = self.category[:, None] == torch.arange(classes, device=self.category.device)
        return torch.cat([one_hot.to(self.continuous.dtype), self.continuous], dim=1)


class Generator(nn.Module):
    """x = sigmoid(f([δ⊙ε; I_g]) + Σ_k π_k B_k), I_g = tanh(W c), π = softmax(W_π I_g), δ = softplus(ρ).

    B are the learned class baselines, one image of logits per class.
    """

    def __init__(self, chosen: InfoGAN, *, side: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.embed = Dense(classes + CONTINUOUS, chosen.bottleneck)
        inputs = chosen.noise_dim + chosen.bottleneck
        self.decoder = decoder(chosen.network, inputs=inputs, side=side, hidden=chosen.hidden)
        self.gate = Dense(chosen.bottleneck, classes) if chosen.baselines else None
        self.baselines = nn.Parameter(torch.zeros(classes, side * side)) if chosen.baselines else None
        # softplus(log(e - 1)) = 1: a learned scale starts at the standard noise.
        self.rho = nn.Parameter(torch.ones(chosen.noise_dim).expm1().log()) if chosen.learned_noise else None
        if chosen.initial == "he":
            _keep_variance(self.embed, self.decoder)

    def forward(self, noise: Tensor, codes: Codes) -> Tensor:
        """Return images `(n, side, side)` in [0, 1] of standard noise ε `(n, noise_dim)` and codes."""
        code = torch.tanh(self.embed(codes.vector(self.classes)))
        scale = self.noise_scale()
        logits: Tensor = self.decoder(torch.cat([noise if scale is None else noise * scale, code], dim=1))
        if self.gate is not None and self.baselines is not None:
            mixture = self.gate(code).softmax(dim=1)
            logits = logits + (mixture @ self.baselines).view_as(logits)
        return torch.sigmoid(logits)

    def noise_scale(self) -> Tensor | None:
        """Return δ `(noise_dim,)`, or None where it is fixed at 1."""
        return None if self.rho is None else F.softplus(self.rho)


@dataclass(frozen=True)
class Readings:
    """What the discriminator sees in a batch of images.

    Attributes:
        mu: `(n, bottleneck)`, mean of I, in (-1, 1).
        log_var: `(n, bottleneck)`, log σ² of I; None where I is its mean.
        features: `(n, bottleneck)`, I itself, or its mean where no noise was given.
        outputs: `(n, 1 + classes + 2 * CONTINUOUS)`, the heads side by side.
    """

    mu: Tensor
    log_var: Tensor | None
    features: Tensor
    outputs: Tensor

    def parts(self, *sizes: int) -> list["Readings"]:
        """Part the readings of a batch that was put together from several."""
        log_vars = [None] * len(sizes) if self.log_var is None else self.log_var.split_with_sizes(sizes)
        others = [column.split_with_sizes(sizes) for column in (self.mu, self.features, self.outputs)]
        parted = zip(others[0], log_vars, others[1], others[2], strict=True)
        return [Readings(mu, log_var, features, outputs) for mu, log_var, features, outputs in parted]

    @property
    def logit(self) -> Tensor:
        """s0(x) `(n,)`: log-odds that an image is real."""
        return self.outputs[:, 0]

    @property
    def category_logits(self) -> Tensor:
        """Unnormalised log Q(c|x) `(n, classes)`."""
        return self.outputs[:, 1 : -2 * CONTINUOUS]

    @property
    def continuous(self) -> tuple[Tensor, Tensor]:
        """μ_Q and log σ_Q² of the continuous codes, each `(n, CONTINUOUS)`."""
        mu, log_var = self.outputs[:, -2 * CONTINUOUS :].chunk(2, dim=1)
        return mu, log_var.clamp(*LOG_VAR_RANGE)


class Discriminator(nn.Module):
    """D and Q in one: every head reads the bottleneck q(I|x) = N(tanh μ(x), σ²(x)) (Peng 2019).

    Spectral normalisation is of what s0 is computed with: the encoder, and its own column of the heads. Q's columns are
    free, so that log Q may grow as steep as the codes allow.
    """

    def __init__(self, chosen: InfoGAN, *, side: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.stochastic = chosen.stochastic_bottleneck
        units = chosen.units or chosen.hidden
        outputs = 2 * chosen.bottleneck if self.stochastic else chosen.bottleneck
        reader = encoder(chosen.network, side=side, hidden=chosen.hidden, outputs=units)
        network = Network(
            batch_normalised(reader) if chosen.batch_norm else reader, nn.LeakyReLU(SLOPE), Dense(units, outputs)
        )
        self.encoder = SpectralNorm(network) if chosen.spectral_norm else network
        self.batch_norm = chosen.batch_norm
        self.heads = Dense(chosen.bottleneck, 1 + classes + 2 * CONTINUOUS)
        self.code_features = Dense(classes + CONTINUOUS, chosen.bottleneck)

    def forward(self, images: Tensor, noise: Tensor | None, kinds: Sequence[int] = ()) -> Readings:
        """Read images `(n, side, side)`.

        Args:
            images: `(n, side, side)`.
            noise: ε ~ N(0, 1), `(n, bottleneck)`, with which I is drawn; without it I is its mean.
            kinds: How many images of each kind there are, in their order; batch normalisation is of each kind apart.
        """
        encoded = self._encode(images, kinds)
        if not self.stochastic:
            features = torch.tanh(encoded)
            return Readings(features, None, features, self._read(features))
        raw_mu, raw_log_var = encoded.chunk(2, dim=1)
        mu = torch.tanh(raw_mu)
        log_var = (raw_log_var + INITIAL_LOG_VAR).clamp(*LOG_VAR_RANGE)
        features = mu if noise is None else draw_gaussian(mu, log_var, noise)
        return Readings(mu, log_var, features, self._read(features))

    def logit(self, images: Tensor) -> Tensor:
        """Return s0(x) `(n,)`, read off the mean of I."""
        readings: Readings = self(images, None)
        return readings.logit

    def project(self, codes: Codes) -> Tensor:
        """Return codes in the space of I, `(n, bottleneck)`, to be compared with what is read there."""
        projected: Tensor = self.code_features(codes.vector(self.classes))
        return projected

    def _encode(self, images: Tensor, kinds: Sequence[int]) -> Tensor:
        parts = images.split_with_sizes(kinds) if self.batch_norm and kinds else (images,)
        return torch.cat([self.encoder(part) for part in parts if len(part)])

    def _read(self, features: Tensor) -> Tensor:
        if not isinstance(self.encoder, SpectralNorm):
            outputs: Tensor = self.heads(features)
            return outputs
        real, codes = self.heads.weight.split_with_sizes((1, self.heads.weight.shape[1] - 1), dim=1)
        return torch.addmm(self.heads.bias, features, torch.cat([F.normalize(real, dim=0), codes], dim=1))


@torch.no_grad()
def _keep_variance(embed: Dense, network: nn.Module) -> None:
    """Draw weights that hand on the variance of what comes in (He 2015), and set biases to 0.

    Torch's weights lessen it from layer to layer: the first images of a generator would be all but alike, and the
    discriminator would have won before a code shows. Of a code one category is 1 and the others 0, and a continuous
    code has variance 1/3; a stride of 2 lets a quarter of a transposed kernel reach a pixel.
    """
    embed.weight.uniform_(-1, 1).mul_(math.sqrt(3 / (1 + CONTINUOUS / 3)))
    for layer in network.modules():
        if isinstance(layer, Dense):
            layer.weight.normal_().mul_(math.sqrt(2 / layer.weight.shape[0]))
        elif isinstance(layer, nn.ConvTranspose2d):
            layer.weight.normal_().mul_(math.sqrt(2 * 4 / (layer.weight.shape[0] * layer.weight[0, 0].numel())))
        else:
            continue
        nn.init.zeros_(layer.get_parameter("bias"))
    nn.init.zeros_(embed.bias)
