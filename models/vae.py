"""The β-VAE (Higgins 2017): R + β·KL with a Bernoulli decoder on dynamically binarised pixels."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from models.base import LatentVariableModel, Minibatch, Noise, Terms, descend
from models.codes import CodeAxis, CodedModel, Latents
from models.losses.bernoulli import bernoulli_nll, binarise
from models.losses.gaussian import LOG_VAR_RANGE, draw_gaussian, gaussian_kl
from models.networks import decoder, encoder
from models.vae_hyperparameters import BetaVAE

__all__ = ["BetaVAEModel"]

USUAL_CODE = 3.0
"""Codes drawn from N(0, 1) hardly ever lie further out."""


class BetaVAEModel(CodedModel, LatentVariableModel):
    """q(z|x) = N(μ(x), σ²(x)), p(z) = N(0, 1), p(x|z) Bernoulli; β = 1 is the VAE of Kingma & Welling 2013."""

    def __init__(self, hyperparameters: BetaVAE, *, side: int, classes: int) -> None:
        super().__init__(side=side, classes=classes)
        chosen = self.hyperparameters = hyperparameters
        self.encoder = encoder(chosen.network, side=side, hidden=chosen.hidden, outputs=2 * chosen.latent_dim)
        self.decoder = decoder(chosen.network, inputs=chosen.latent_dim, side=side, hidden=chosen.hidden)

    def make_optimizers(self) -> list[Optimizer]:
        """Return one Adam for encoder and decoder."""
        return [Adam(self.parameters(), lr=self.hyperparameters.lr, fused=True)]

    def draw_noise(self, count: int, generator: torch.Generator) -> Noise:
        """Draw what decides each pixel, and the noise of the code."""
        return {
            "pixels": self.uniform(count, self.side, self.side, generator=generator),
            "code": self.normal(count, self.hyperparameters.latent_dim, generator=generator),
        }

    def minibatch_step(self, batch: Minibatch, noise: Noise, optimizers: Sequence[Optimizer]) -> Terms:
        """Minimise L = R + β·KL; the greys are probabilities, from which every step draws its own binary pixels."""
        reconstruction, kl = self.compute(self.terms, batch.images, noise)
        loss = reconstruction + self.hyperparameters.beta * kl
        descend(loss, optimizers[0])
        reconstruction, kl = reconstruction.detach(), kl.detach()
        return {
            "loss/L": loss.detach(),
            "loss/J": reconstruction + kl,
            "train/reconstruction": reconstruction,
            "train/kl": kl,
        }

    def terms(self, images: Tensor, noise: Noise) -> tuple[Tensor, Tensor]:
        """Return R and KL, each the mean of the minibatch."""
        x = binarise(images, noise["pixels"])
        mu, log_var = self.encode(x)
        reconstruction = bernoulli_nll(self.decoder(draw_gaussian(mu, log_var, noise["code"])), x)
        return reconstruction.mean(), gaussian_kl(mu, log_var).mean()

    def code_axes(self) -> tuple[CodeAxis, ...]:
        """Return the dimensions of z, from z0."""
        return tuple(CodeAxis(f"z{index}", -USUAL_CODE, USUAL_CODE) for index in range(self.hyperparameters.latent_dim))

    def draw_latents(self, count: int, generator: torch.Generator) -> Latents:
        """Draw z from the prior; there is no other noise."""
        z = self.normal(count, self.hyperparameters.latent_dim, generator=generator)
        return Latents(z, z[:, :0])

    def generate(self, latents: Latents) -> Tensor:
        """Return the decoder's means."""
        return torch.sigmoid(self.decoder(latents.codes))

    @torch.no_grad()
    def negative_elbo(self, images: Tensor, generator: torch.Generator, samples: int = 8) -> Tensor:
        """Return R + KL at β = 1 per example, R averaged over draws of z, KL analytic."""
        mu, log_var = self.encode(images)
        noise = self.normal(samples, *mu.shape, generator=generator)
        draws = [bernoulli_nll(self.decoder(draw_gaussian(mu, log_var, each)), images) for each in noise]
        return torch.stack(draws).mean(dim=0) + gaussian_kl(mu, log_var)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return μ and log σ² of q(z|x), each `(n, latent_dim)`."""
        mu, log_var = self.encoder(x).chunk(2, dim=1)
        return mu, log_var.clamp(*LOG_VAR_RANGE)
