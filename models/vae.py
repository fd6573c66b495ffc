"""The VAE family: what its members share, and the plain VAE and the β-VAE, which need nothing else.

Every member minimises L = R + Σ weight·penalty, where R = -E log p(x|z), and reports J = R + KL, which is L at the
neutral weights; only the FactorVAE reports the loss of its critic there.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from models.base import LatentVariableModel, Minibatch, Noise, Terms, descend
from models.codes import CodeAxis, CodedModel, Latents, gaussian_axes
from models.losses.gaussian import LOG_VAR_RANGE, draw_gaussian, gaussian_kl, gaussian_log_ratio
from models.networks import decoder, encoder
from models.vae_hyperparameters import VAE, Autoencoder, BetaVAE
from models.vae_pixels import pixels

__all__ = ["AutoencoderModel", "BetaVAEModel", "GaussianCode", "Penalties", "VAEModel", "weigh"]

Penalties = dict[str, tuple[float, Tensor]]
"""What a loss adds to R: by name, the weight and the term, a scalar."""


class AutoencoderModel(LatentVariableModel):
    """An encoder, a decoder and a likelihood of pixels; members say what the code between them is.

    Args:
        hyperparameters: Those that all members have.
        side: Width and height of an image.
        classes: Classes of the dataset.
        levels: How many greys an image can have.
        read: What the encoder returns, in numbers.
        width: Width of the code that the decoder is given.
    """

    def __init__(
        self, hyperparameters: Autoencoder, *, side: int, classes: int, levels: int, read: int, width: int
    ) -> None:
        super().__init__(side=side, classes=classes)
        chosen = self.hyperparameters = hyperparameters
        shape = {"side": side, "hidden": chosen.hidden, "layers": chosen.layers}
        self.encoder = encoder(chosen.network, outputs=read, **shape)
        self.decoder = decoder(chosen.network, inputs=width, **shape)
        self.pixels = pixels(chosen.decoder, levels)

    def make_optimizers(self) -> list[Optimizer]:
        """Return one Adam for everything."""
        return [Adam(self.parameters(), lr=self.hyperparameters.lr, fused=True)]

    def minibatch_step(self, batch: Minibatch, noise: Noise, optimizers: Sequence[Optimizer]) -> Terms:
        """Minimise L; every step draws its own pixels from the greys."""
        loss, terms = self.compute(self.loss, batch, noise)
        descend(loss, optimizers[0])
        return {name: term.detach() for name, term in {"loss/L": loss, **terms}.items()}

    @abstractmethod
    def loss(self, batch: Minibatch, noise: Noise) -> tuple[Tensor, Terms]:
        """Return L, the mean of the minibatch, and its terms as `weigh` does."""

    def draw_pixels(self, images: Tensor, uniform: Tensor) -> Tensor:
        """Return what the decoder has a likelihood of."""
        return self.pixels.draw(images, uniform)

    def reconstruction(self, z: Tensor, x: Tensor) -> Tensor:
        """Return R = -log p(x|z) `(n,)`."""
        return self.pixels.nll(self.decoder(z), x)


class GaussianCode(NamedTuple):
    """q(z|x) = N(μ, σ²), independent in each dimension, with one draw z.

    Attributes:
        mu: μ, `(n, latent_dim)`.
        log_var: log σ², likewise.
        z: μ + σ ε, likewise.
        kl: The mean of KL(q(z|x) || N(0, 1)), a scalar.
    """

    mu: Tensor
    log_var: Tensor
    z: Tensor
    kl: Tensor


class VAEModel(CodedModel, AutoencoderModel):
    """The VAE: q(z|x) = N(μ(x), σ²(x)), p(z) = N(0, 1), L = R + KL (Kingma & Welling 2013, Eq. 3 and 10)."""

    hyperparameters: VAE

    def __init__(self, hyperparameters: VAE, *, side: int, classes: int, levels: int = 256) -> None:
        latent = hyperparameters.latent_dim
        super().__init__(hyperparameters, side=side, classes=classes, levels=levels, read=2 * latent, width=latent)

    def draw_noise(self, count: int, generator: torch.Generator) -> Noise:
        """Draw what decides each pixel, and the noise of the code."""
        return {
            "pixels": self.uniform(count, self.side, self.side, generator=generator),
            "code": self.normal(count, self.hyperparameters.latent_dim, generator=generator),
        }

    def loss(self, batch: Minibatch, noise: Noise) -> tuple[Tensor, Terms]:
        """Return L and its terms."""
        x = self.draw_pixels(batch.images, noise["pixels"])
        return self.loss_of(x, self.code(x, noise["code"]), noise)

    def loss_of(self, x: Tensor, code: GaussianCode, noise: Noise) -> tuple[Tensor, Terms]:
        """Return L and its terms of images and their codes."""
        return weigh(self.reconstruction(code.z, x).mean(), code.kl, self.penalties(code, noise))

    def penalties(self, code: GaussianCode, noise: Noise) -> Penalties:
        """Return what the loss adds to R; members of the family differ in this."""
        return {"kl": (1.0, code.kl)}

    def code(self, x: Tensor, noise: Tensor) -> GaussianCode:
        """Return q(z|x) with one draw, from noise `(n, latent_dim)`."""
        mu, log_var = self.encode(x)
        return GaussianCode(mu, log_var, draw_gaussian(mu, log_var, noise), gaussian_kl(mu, log_var).mean())

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return μ and log σ² of q(z|x), each `(n, latent_dim)`."""
        mu, log_var = self.encoder(x).chunk(2, dim=1)
        return mu, log_var.clamp(*LOG_VAR_RANGE)

    def code_axes(self) -> tuple[CodeAxis, ...]:
        """Return the dimensions of z, from z0."""
        return gaussian_axes("z", self.hyperparameters.latent_dim)

    def draw_latents(self, count: int, generator: torch.Generator) -> Latents:
        """Draw z from the prior; there is no other noise."""
        z = self.normal(count, self.hyperparameters.latent_dim, generator=generator)
        return Latents(z, z[:, :0])

    def generate(self, latents: Latents) -> Tensor:
        """Return the decoder's means."""
        return self.pixels.greys(self.decoder(latents.codes))

    @torch.no_grad()
    def negative_elbo(self, images: Tensor, generator: torch.Generator, samples: int = 8) -> Tensor:
        """Return R + KL at β = 1 per example, R averaged over draws of z, KL analytic."""
        mu, log_var = self.encode(images)
        noise = self.normal(samples, *mu.shape, generator=generator)
        draws = draw_gaussian(mu, log_var, noise).flatten(0, 1)
        again = images.expand(samples, *images.shape).flatten(0, 1)
        return self.reconstruction(draws, again).reshape(samples, -1).mean(dim=0) + gaussian_kl(mu, log_var)

    @torch.no_grad()
    def log_weights(self, images: Tensor, generator: torch.Generator, samples: int) -> Tensor:
        """Return log p(x|z) + log p(z) - log q(z|x) of draws from q."""
        mu, log_var = self.encode(images)
        weights = []
        for _ in range(samples):
            noise = self.normal(*mu.shape, generator=generator)
            z = draw_gaussian(mu, log_var, noise)
            weights.append(gaussian_log_ratio(z, log_var, noise) - self.reconstruction(z, images))
        return torch.stack(weights)


class BetaVAEModel(VAEModel):
    """The β-VAE: L = R + β·KL (Higgins 2017, Eq. 4)."""

    hyperparameters: BetaVAE

    def penalties(self, code: GaussianCode, noise: Noise) -> Penalties:
        """Return KL with the weight β."""
        return {"kl": (self.hyperparameters.beta, code.kl)}


def weigh(reconstruction: Tensor, kl: Tensor, penalties: Penalties) -> tuple[Tensor, Terms]:
    """Return L = R + Σ weight·penalty, and the terms: J = R + KL, R, KL and every penalty without its weight."""
    loss = reconstruction
    for weight, term in penalties.values():
        loss = loss + weight * term
    terms = {"train/reconstruction": reconstruction, "train/kl": kl}
    terms |= {f"train/{name}": term for name, (_, term) in penalties.items()}
    return loss, {"loss/J": reconstruction + kl, **terms}
