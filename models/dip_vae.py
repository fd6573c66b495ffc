"""The DIP-VAE: the codes of all images together shall have the prior's covariance, the identity."""

from models.base import Noise
from models.losses.covariance import covariance, covariance_gap, mixture_covariance
from models.vae import GaussianCode, Penalties, VAEModel
from models.vae_hyperparameters import DIPVAE

__all__ = ["DIPVAEModel"]

DIAGONAL_WEIGHTS = {"I": 10.0, "II": 1.0}
"""λ_d/λ by variant, as in the experiments of Kumar 2018 and Locatello 2019."""


class DIPVAEModel(VAEModel):
    """L = R + β·KL + λ·Σ_{i≠j} C_ij² + λ_d·Σ_i (C_ii - 1)² (Kumar 2018, Eq. 6 and 7).

    I: C = Cov[μ(x)], λ_d = 10λ; II: C = Cov[z], λ_d = λ. λ = 0 is the β-VAE.
    """

    hyperparameters: DIPVAE

    def penalties(self, code: GaussianCode, noise: Noise) -> Penalties:
        """Return KL and both gaps of the covariance."""
        chosen = self.hyperparameters
        of_means = chosen.variant == "I"
        gap = covariance_gap(covariance(code.mu) if of_means else mixture_covariance(code.mu, code.log_var))
        return {
            "kl": (chosen.beta, code.kl),
            "off_diagonal": (chosen.lambda_, gap.off_diagonal),
            "diagonal": (chosen.lambda_ * DIAGONAL_WEIGHTS[chosen.variant], gap.diagonal),
        }
