"""The categorical VAE: a code of one-hot variables, relaxed in training, and optionally a Gaussian style."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer

from models.base import Minibatch, Noise, Terms
from models.codes import CodeAxis, CodedModel, Latents, gaussian_axes
from models.losses.categorical import (
    categorical_kl,
    categorical_log_ratio,
    draw_one_hot,
    draw_relaxed,
    draw_straight_through,
    gumbel,
)
from models.losses.gaussian import LOG_VAR_RANGE, draw_gaussian, gaussian_kl, gaussian_log_ratio
from models.vae import AutoencoderModel, weigh
from models.vae_hyperparameters import CatVAE

__all__ = ["CatVAEModel", "Posterior"]


class Posterior(NamedTuple):
    """q(z|x): categorical variables and a Gaussian style.

    Attributes:
        log_q: `(n, variables, categories)`.
        mu: `(n, style_dim)`.
        log_var: `(n, style_dim)`, log σ².
    """

    log_q: Tensor
    mu: Tensor
    log_var: Tensor

    def kl(self) -> Tensor:
        """Return KL from uniform categories and the N(0, 1) style, `(n,)`."""
        return categorical_kl(self.log_q) + gaussian_kl(self.mu, self.log_var)


class CatVAEModel(CodedModel, AutoencoderModel):
    """L = R + β·[Σ KL(Cat(q)||U) + KL(style)], z by Gumbel-softmax (Jang 2017, §4.2); β = 1 is its own plain form.

    The temperature falls with the steps, τ = max(τ_min, exp(-r t)); what is scored are hard draws, and with
    `straight_through` the decoder learns from hard draws too.
    """

    hyperparameters: CatVAE
    steps: Tensor

    def __init__(self, hyperparameters: CatVAE, *, side: int, classes: int, levels: int = 256) -> None:
        chosen = hyperparameters
        one_hot = chosen.variables * chosen.categories
        read, width = one_hot + 2 * chosen.style_dim, one_hot + chosen.style_dim
        super().__init__(chosen, side=side, classes=classes, levels=levels, read=read, width=width)
        self.register_buffer("steps", torch.zeros(()))

    def draw_noise(self, count: int, generator: torch.Generator) -> Noise:
        """Draw what decides each pixel, the Gumbel noise of the categories, and the noise of the style."""
        pixels = self.uniform(count, self.side, self.side, generator=generator)
        return {"pixels": pixels, **self.draw_code_noise(count, generator)}

    def draw_code_noise(self, count: int, generator: torch.Generator) -> Noise:
        """Draw what decides the codes of `count` images."""
        chosen = self.hyperparameters
        return {
            "gumbel": gumbel(self.uniform(count, chosen.variables, chosen.categories, generator=generator)),
            "style": self.normal(count, chosen.style_dim, generator=generator),
        }

    def minibatch_step(self, batch: Minibatch, noise: Noise, optimizers: Sequence[Optimizer]) -> Terms:
        """Minimise L, and count the step."""
        terms = super().minibatch_step(batch, noise, optimizers)
        self.steps += 1
        return terms

    def loss(self, batch: Minibatch, noise: Noise) -> tuple[Tensor, Terms]:
        """Return L and its terms, among them the temperature."""
        x = self.draw_pixels(batch.images, noise["pixels"])
        q, temperature = self.posterior(x), self.temperature()
        draw = draw_straight_through if self.hyperparameters.straight_through else draw_relaxed
        z = self.code(draw(q.log_q, noise["gumbel"], temperature), q, noise["style"])
        kl = q.kl().mean()
        loss, terms = weigh(self.reconstruction(z, x).mean(), kl, {"kl": (self.hyperparameters.beta, kl)})
        return loss, {**terms, "train/temperature": temperature}

    def temperature(self) -> Tensor:
        """Return τ = max(τ_min, exp(-r t)), t the steps in whole multiples of `anneal_every` (Jang 2017, §4.2)."""
        chosen = self.hyperparameters
        counted = (self.steps / chosen.anneal_every).floor() * chosen.anneal_every
        return (-chosen.annealing * counted).exp().clamp(min=chosen.temperature)

    def posterior(self, x: Tensor) -> Posterior:
        """Return q(z|x) of pixels `(n, side, side)`."""
        chosen = self.hyperparameters
        widths = [chosen.variables * chosen.categories, chosen.style_dim, chosen.style_dim]
        logits, mu, log_var = self.encoder(x).split(widths, dim=1)
        log_q = logits.unflatten(1, (chosen.variables, chosen.categories)).log_softmax(dim=2)
        return Posterior(log_q, mu, log_var.clamp(*LOG_VAR_RANGE))

    def code(self, categories: Tensor, q: Posterior, noise: Tensor) -> Tensor:
        """Return the code `(n, width)` of drawn categories and a style from noise `(n, style_dim)`."""
        return torch.cat([categories.flatten(1), draw_gaussian(q.mu, q.log_var, noise)], dim=1)

    def code_axes(self) -> tuple[CodeAxis, ...]:
        """Return the categorical variables, from c0, and the dimensions of the style, from z0."""
        chosen = self.hyperparameters
        categories = (CodeAxis(f"c{index}", 0, chosen.categories - 1, whole=True) for index in range(chosen.variables))
        return (*categories, *gaussian_axes("z", chosen.style_dim))

    def draw_latents(self, count: int, generator: torch.Generator) -> Latents:
        """Draw categories and style from the prior."""
        chosen = self.hyperparameters
        style = self.normal(count, chosen.style_dim, generator=generator)
        shape = count, chosen.variables
        categories = torch.randint(chosen.categories, shape, generator=generator, device=style.device)
        return Latents(torch.cat([categories.to(style.dtype), style], dim=1), style[:, :0])

    def generate(self, latents: Latents) -> Tensor:
        """Return the decoder's means."""
        chosen = self.hyperparameters
        categories, style = latents.codes.tensor_split([chosen.variables], dim=1)
        one_hot = torch.eye(chosen.categories, dtype=style.dtype, device=style.device)[categories.long()]
        return self.pixels.greys(self.decoder(torch.cat([one_hot.flatten(1), style], dim=1)))

    @torch.no_grad()
    def negative_elbo(self, images: Tensor, generator: torch.Generator, samples: int = 8) -> Tensor:
        """Return R + KL at β = 1 per example, R averaged over hard draws: relaxed ones would bound no likelihood."""
        q, draws = self.posterior(images), []
        for _ in range(samples):
            noise = self.draw_noise(len(images), generator)
            z = self.code(draw_one_hot(q.log_q, noise["gumbel"]), q, noise["style"])
            draws.append(self.reconstruction(z, images))
        return torch.stack(draws).mean(dim=0) + q.kl()

    @torch.no_grad()
    def log_weights(self, images: Tensor, generator: torch.Generator, samples: int) -> Tensor:
        """Return log p(x|z) + log p(z) - log q(z|x) of hard draws from q."""
        q, weights = self.posterior(images), []
        for _ in range(samples):
            noise = self.draw_code_noise(len(images), generator)
            one_hot = draw_one_hot(q.log_q, noise["gumbel"])
            z = self.code(one_hot, q, noise["style"])
            style = z[:, one_hot[0].numel() :]
            log_ratio = categorical_log_ratio(one_hot, q.log_q) + gaussian_log_ratio(style, q.log_var, noise["style"])
            weights.append(log_ratio - self.reconstruction(z, images))
        return torch.stack(weights)
