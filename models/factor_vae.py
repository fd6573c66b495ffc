"""The FactorVAE: a critic estimates the total correlation of the code, which the loss weighs."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from models.base import Minibatch, Noise, Terms, descend
from models.losses.density_ratio import permute_dimensions, ratio_loss
from models.networks import perceptron
from models.vae import GaussianCode, Penalties, VAEModel
from models.vae_hyperparameters import FactorVAE

__all__ = ["FactorVAEModel"]

CRITIC_BETAS = (0.5, 0.9)
"""Adam's moments for the critic (Kim & Mnih 2018, Appendix A)."""


class FactorVAEModel(VAEModel):
    """L = R + KL + (β-1)·TC, TC = E s(z) of the critic's logit s (Kim & Mnih 2018, Eq. 2, where γ = β-1).

    J is the critic's loss: it tells codes from codes whose dimensions were permuted among other images. The two kinds
    come from the two halves of the minibatch, so that no image is in both; L is of the whole minibatch.
    """

    hyperparameters: FactorVAE

    def __init__(self, hyperparameters: FactorVAE, *, side: int, classes: int, levels: int = 256) -> None:
        super().__init__(hyperparameters, side=side, classes=classes, levels=levels)
        chosen = hyperparameters
        self.critic = perceptron(chosen.latent_dim, chosen.critic_hidden, chosen.critic_layers, 1)

    def make_optimizers(self) -> list[Optimizer]:
        """Return Adam for the VAE and Adam for the critic."""
        chosen, critic = self.hyperparameters, list(self.critic.parameters())
        of_vae = [parameter for name, parameter in self.named_parameters() if not name.startswith("critic.")]
        return [
            Adam(of_vae, lr=chosen.lr, fused=True),
            Adam(critic, lr=chosen.lr_critic, betas=CRITIC_BETAS, fused=True),
        ]

    def draw_noise(self, count: int, generator: torch.Generator) -> Noise:
        """Draw an order of the second half for each dimension of the code, besides what a VAE needs."""
        noise = super().draw_noise(count, generator)
        half = self.uniform(count - count // 2, self.hyperparameters.latent_dim, generator=generator)
        return noise | {"orders": half.argsort(dim=0)}

    def minibatch_step(self, batch: Minibatch, noise: Noise, optimizers: Sequence[Optimizer]) -> Terms:
        """Minimise L, then the critic's loss J on the same codes."""
        loss, terms, z = self.compute(self.loss_and_codes, batch, noise)
        descend(loss, optimizers[0])
        loss_j = self.compute(self.critic_loss, z.detach(), noise["orders"])
        descend(loss_j, optimizers[1])
        return {name: term.detach() for name, term in {**terms, "loss/L": loss, "loss/J": loss_j}.items()}

    def loss_and_codes(self, batch: Minibatch, noise: Noise) -> tuple[Tensor, Terms, Tensor]:
        """Return L, its terms, and the codes z `(n, latent_dim)`."""
        x = self.draw_pixels(batch.images, noise["pixels"])
        code = self.code(x, noise["code"])
        return *self.loss_of(x, code, noise), code.z

    def penalties(self, code: GaussianCode, noise: Noise) -> Penalties:
        """Return KL and the critic's estimate of the total correlation."""
        return {"kl": (1.0, code.kl), "tc": (self.hyperparameters.beta - 1, self.critic(code.z).mean())}

    def critic_loss(self, z: Tensor, orders: Tensor) -> Tensor:
        """Return J: codes of the first half against permuted ones of the second; an odd one is in both."""
        first, second = z[: len(orders)], z[len(z) - len(orders) :]
        return ratio_loss(self.critic(first).squeeze(1), self.critic(permute_dimensions(second, orders)).squeeze(1))
