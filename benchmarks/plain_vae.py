"""The VAE as anybody writes it in plain PyTorch: torch's layers and binary cross-entropy, one Adam, one loop.

Shares no code with `models`, and computes the same: `tests/benchmarks/test_plain_vae.py`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam

__all__ = ["PlainLoop", "PlainVAE", "conv_vae", "dense_vae"]

SLOPE = 0.2
"""Negative slope of the leaky rectifiers."""


class PlainVAE(nn.Module):
    """An encoder to μ and log σ², a decoder to the logits of binary pixels.

    Args:
        encoder: From pixels `(batch, side · side)` to `(batch, 2 · latent)`.
        decoder: From codes `(batch, latent)` to logits `(batch, side · side)`.
        latent: Width of the code.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, latent: int) -> None:
        super().__init__()
        self.encoder, self.decoder, self.latent = encoder, decoder, latent

    def loss(self, x: Tensor, noise: Tensor) -> Tensor:
        """Return R + KL, the mean of a batch, of binary pixels `(batch, side · side)` and noise `(batch, latent)`."""
        mu, log_var = self.encoder(x).chunk(2, dim=1)
        log_var = log_var.clamp(-10, 4)
        logits = self.decoder(mu + torch.exp(0.5 * log_var) * noise)
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())
        return (reconstruction + kl) / len(x)


def dense_vae(*, side: int, hidden: int, latent: int) -> PlainVAE:
    """Return a VAE with one hidden layer on either side."""
    pixels = side * side
    return PlainVAE(
        nn.Sequential(nn.Linear(pixels, hidden), nn.LeakyReLU(SLOPE), nn.Linear(hidden, 2 * latent)),
        nn.Sequential(nn.Linear(latent, hidden), nn.LeakyReLU(SLOPE), nn.Linear(hidden, pixels)),
        latent,
    )


def conv_vae(*, hidden: int, latent: int) -> PlainVAE:
    """Return a VAE of 28×28 images with two convolutions on either side, of `hidden / 4` and `hidden / 2` channels."""
    narrow, wide = hidden // 4, hidden // 2
    return PlainVAE(
        nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)),
            nn.Conv2d(1, narrow, 4, stride=2, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Conv2d(narrow, wide, 4, stride=2, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.Flatten(),
            nn.Linear(wide * 49, 2 * latent),
        ),
        nn.Sequential(
            nn.Linear(latent, wide * 49),
            nn.LeakyReLU(SLOPE),
            nn.Unflatten(1, (wide, 7, 7)),
            nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.ConvTranspose2d(narrow, 1, 4, stride=2, padding=1),
            nn.Flatten(),
        ),
        latent,
    )


class PlainLoop:
    """Trains a VAE on part of the images `(n, side, side)` in [0, 1], whose pixels every step draws anew."""

    def __init__(self, model: PlainVAE, part: Tensor, images: Tensor, batch_size: int) -> None:
        self.model, self.part, self.images, self.batch_size = model, part, images, batch_size
        self.optimizer = Adam(model.parameters(), lr=5e-3, fused=True)

    def train(self) -> None:
        """Train one epoch."""
        order = self.part[torch.randperm(len(self.part))]
        for rows in torch.split(order, self.batch_size):
            x = torch.bernoulli(self.images[rows].flatten(1))
            loss = self.model.loss(x, torch.randn(len(rows), self.model.latent))
            self.optimizer.zero_grad()
            torch.autograd.backward(loss)
            self.optimizer.step()
