"""The β-VAE (Higgins 2017): R + β·KL with a Bernoulli decoder on dynamically binarised pixels."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from models.base import LatentVariableModel
from models.hyperparameters import BetaVAE
from models.losses import LOG_VAR_RANGE, bernoulli_nll, binarise, draw_gaussian, gaussian_kl
from models.networks import decoder, encoder

__all__ = ["BetaVAEModel"]


class BetaVAEModel(LatentVariableModel):
    """q(z|x) = N(μ(x), σ²(x)), p(z) = N(0, 1), p(x|z) Bernoulli; β = 1 is the VAE of Kingma & Welling 2013."""

    def __init__(self, hyperparameters: BetaVAE, *, side: int, classes: int) -> None:
        super().__init__(side=side, classes=classes)
        chosen = self.hyperparameters = hyperparameters
        self.encoder = encoder(chosen.network, side=side, hidden=chosen.hidden, outputs=2 * chosen.latent_dim)
        self.decoder = decoder(chosen.network, inputs=chosen.latent_dim, side=side, hidden=chosen.hidden)

    def make_optimizers(self) -> list[Optimizer]:
        """Return one Adam for encoder and decoder."""
        return [Adam(self.parameters(), lr=self.hyperparameters.lr, fused=True)]

    def minibatch_step(
        self,
        images: Tensor,
        labels: Tensor,
        optimizers: Sequence[Optimizer],
        generator: torch.Generator,
    ) -> dict[str, Tensor]:
        """Minimise L = R + β·KL; the greys are probabilities, from which every step draws its own binary pixels."""
        (optimizer,) = optimizers
        x = binarise(images, generator)
        mu, log_var = self.encode(x)
        reconstruction = bernoulli_nll(self.decoder(draw_gaussian(mu, log_var, generator)), x).mean()
        kl = gaussian_kl(mu, log_var).mean()
        loss = reconstruction + self.hyperparameters.beta * kl
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        reconstruction, kl = reconstruction.detach(), kl.detach()
        return {
            "loss/L": loss.detach(),
            "loss/J": reconstruction + kl,
            "train/reconstruction": reconstruction,
            "train/kl": kl,
        }

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw z from the prior and return the decoder's means."""
        shape = count, self.hyperparameters.latent_dim
        z = torch.randn(shape, generator=generator, device=self.device)
        return torch.sigmoid(self.decoder(z))

    @torch.no_grad()
    def negative_elbo(self, images: Tensor, generator: torch.Generator, samples: int = 8) -> Tensor:
        """Return R + KL at β = 1 per example, R averaged over draws of z, KL analytic."""
        mu, log_var = self.encode(images)
        draws = [bernoulli_nll(self.decoder(draw_gaussian(mu, log_var, generator)), images) for _ in range(samples)]
        return torch.stack(draws).mean(dim=0) + gaussian_kl(mu, log_var)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return μ and log σ² of q(z|x), each `(n, latent_dim)`."""
        mu, log_var = self.encoder(x).chunk(2, dim=1)
        return mu, log_var.clamp(*LOG_VAR_RANGE)
