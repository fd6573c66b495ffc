"""The InfoVAE, or MMD-VAE: KL may be given up for information, while MMD holds the codes together to the prior."""

import torch

from models.base import Noise
from models.losses.discrepancy import squared_mmd
from models.vae import GaussianCode, Penalties, VAEModel
from models.vae_hyperparameters import InfoVAE

__all__ = ["InfoVAEModel"]


class InfoVAEModel(VAEModel):
    """L = R + (1-α)·KL + (α+λ-1)·MMD²(q(z), p(z)) (Zhao 2017); α = 0 and λ = 1 are the plain VAE."""

    hyperparameters: InfoVAE

    def draw_noise(self, count: int, generator: torch.Generator) -> Noise:
        """Draw as many codes of the prior as there are images, besides what a VAE needs."""
        noise = super().draw_noise(count, generator)
        return noise | {"prior": self.normal(count, self.hyperparameters.latent_dim, generator=generator)}

    def penalties(self, code: GaussianCode, noise: Noise) -> Penalties:
        """Return KL and MMD²."""
        alpha, lambda_ = self.hyperparameters.alpha, self.hyperparameters.lambda_
        return {
            "kl": (1 - alpha, code.kl),
            "mmd": (alpha + lambda_ - 1, squared_mmd(code.z, noise["prior"])),
        }
