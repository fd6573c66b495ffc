"""The conditional VAE: encoder and decoder are told the class, so that the code need not say it."""

import math

import torch
from torch import Tensor

from models.base import Minibatch, Noise, Terms
from models.codes import CodeAxis, CodedModel, Latents, gaussian_axes
from models.losses.gaussian import LOG_VAR_RANGE, draw_gaussian, gaussian_kl, gaussian_log_ratio
from models.networks import Dense
from models.vae import AutoencoderModel, weigh
from models.vae_hyperparameters import CVAE

__all__ = ["CVAEModel"]


class CVAEModel(CodedModel, AutoencoderModel):
    """L = R(x|z, y) + β·KL(q(z|x, y) || N(0, 1)) (Sohn 2015, with a prior that does not depend on y).

    It learns from labelled images alone. The class shifts what the encoder returns, and stands beside the code that the
    decoder is given. Where no class is given, all are taken to be equally likely.
    """

    hyperparameters: CVAE

    def __init__(self, hyperparameters: CVAE, *, side: int, classes: int, levels: int = 256) -> None:
        latent = hyperparameters.latent_dim
        read, width = 2 * latent, latent + classes
        super().__init__(hyperparameters, side=side, classes=classes, levels=levels, read=read, width=width)
        self.labels_per_class = hyperparameters.labels_per_class
        self.shift = Dense(classes, read)

    def draw_noise(self, count: int, generator: torch.Generator) -> Noise:
        """Draw what decides each pixel, and the noise of the code; there are as many labelled images as others."""
        return {
            "pixels": self.uniform(count, self.side, self.side, generator=generator),
            "code": self.normal(count, self.hyperparameters.latent_dim, generator=generator),
        }

    def loss(self, batch: Minibatch, noise: Noise) -> tuple[Tensor, Terms]:
        """Return L of the labelled images and its terms."""
        x, y = self.draw_pixels(batch.labelled_images, noise["pixels"]), self.one_hot(batch.labels, noise["code"])
        mu, log_var = self.encode(x, y)
        reconstruction = self.reconstruction_given(draw_gaussian(mu, log_var, noise["code"]), y, x).mean()
        kl = gaussian_kl(mu, log_var).mean()
        return weigh(reconstruction, kl, {"kl": (self.hyperparameters.beta, kl)})

    def encode(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return μ and log σ² of q(z|x, y), each `(n, latent_dim)`, of pixels and one-hot classes `(n, classes)`."""
        mu, log_var = (self.encoder(x) + self.shift(y)).chunk(2, dim=1)
        return mu, log_var.clamp(*LOG_VAR_RANGE)

    def reconstruction_given(self, z: Tensor, y: Tensor, x: Tensor) -> Tensor:
        """Return R = -log p(x|z, y) `(n,)`."""
        return self.reconstruction(torch.cat([z, y], dim=1), x)

    def one_hot(self, labels: Tensor, like: Tensor) -> Tensor:
        """Return `(n, classes)` of labels `(n,)`, in the type and on the device of another tensor."""
        return torch.eye(self.classes, dtype=like.dtype, device=like.device)[labels]

    def code_axes(self) -> tuple[CodeAxis, ...]:
        """Return the class, called `code`, and the dimensions of z, from z0."""
        return (CodeAxis("code", 0, self.classes - 1, whole=True), *gaussian_axes("z", self.hyperparameters.latent_dim))

    def draw_latents(self, count: int, generator: torch.Generator) -> Latents:
        """Draw z from the prior for the classes in turn: in a grid with a column per class each shows in its own."""
        z = self.normal(count, self.hyperparameters.latent_dim, generator=generator)
        labels = torch.arange(count, device=z.device) % self.classes
        return Latents(torch.cat([labels[:, None].to(z.dtype), z], dim=1), z[:, :0])

    def generate(self, latents: Latents) -> Tensor:
        """Return the decoder's means."""
        z = latents.codes[:, 1:]
        y = self.one_hot(latents.codes[:, 0].long(), z)
        return self.pixels.greys(self.decoder(torch.cat([z, y], dim=1)))

    @torch.no_grad()
    def negative_elbo(self, images: Tensor, generator: torch.Generator, samples: int = 8) -> Tensor:
        """Return Σ_y w_y (bound_y + log w_y + log K) per example, bound_y = R + KL given class y.

        It bounds -log p(x) from above for any weights w. These are softmax(-bound_y) at the mean codes: weights from
        the draws that they weigh would prefer classes whose draws were lucky. Every class is given the same noise.
        """
        noise = self.normal(samples, len(images), self.hyperparameters.latent_dim, generator=generator)
        classes = [torch.full((len(images),), label, device=noise.device) for label in range(self.classes)]
        bounds = torch.stack([self._bound(images, labels, noise) for labels in classes])
        at_means = torch.stack([self._bound(images, labels, torch.zeros_like(noise[:1])) for labels in classes])
        log_weights = (-at_means).log_softmax(dim=0)
        return (log_weights.exp() * (bounds + log_weights)).sum(dim=0) + math.log(self.classes)

    def _bound(self, x: Tensor, labels: Tensor, noise: Tensor) -> Tensor:
        """Return R + KL given the labels, R averaged over the draws of the noise `(samples, n, latent_dim)`: `(n,)`."""
        y = self.one_hot(labels, noise)
        mu, log_var = self.encode(x, y)
        draws = [self.reconstruction_given(draw_gaussian(mu, log_var, each), y, x) for each in noise]
        return torch.stack(draws).mean(dim=0) + gaussian_kl(mu, log_var)

    @torch.no_grad()
    def log_weights(self, images: Tensor, generator: torch.Generator, samples: int) -> Tensor:
        """Return log (1/K) Σ_y p(x|z_y, y) p(z_y) / q(z_y|x, y), a draw z_y for each class y: also of p(x) itself."""
        weights = []
        for label in range(self.classes):
            labels = torch.full((len(images),), label, device=images.device)
            weights.append(self._log_weights_given(images, labels, generator, samples))
        return torch.stack(weights).logsumexp(dim=0) - math.log(self.classes)

    def _log_weights_given(self, x: Tensor, labels: Tensor, generator: torch.Generator, samples: int) -> Tensor:
        y = self.one_hot(labels, x)
        mu, log_var = self.encode(x, y)
        weights = []
        for _ in range(samples):
            noise = self.normal(*mu.shape, generator=generator)
            z = draw_gaussian(mu, log_var, noise)
            weights.append(gaussian_log_ratio(z, log_var, noise) - self.reconstruction_given(z, y, x))
        return torch.stack(weights)
