"""The β-TCVAE: the three parts of KL, each with a weight of its own."""

from models.base import Noise
from models.losses.total_correlation import kl_parts
from models.vae import GaussianCode, Penalties, VAEModel
from models.vae_hyperparameters import BetaTCVAE

__all__ = ["BetaTCVAEModel"]


class BetaTCVAEModel(VAEModel):
    """L = R + (1-α)·MI + β·TC + λ·DW (Chen 2018, Eq. 4, where the weights are called α, β and γ).

    At α = 0 and β = λ = 1 the parts sum to one draw's log q(z|x) - log p(z), whose expectation is KL: the plain VAE,
    but with the noise of a draw in the place of the closed form.
    """

    hyperparameters: BetaTCVAE

    def penalties(self, code: GaussianCode, noise: Noise) -> Penalties:
        """Return mutual information, total correlation and the dimension-wise divergence."""
        weights, parts = self.hyperparameters, kl_parts(code.z, code.mu, code.log_var, self.examples)
        return {
            "mi": (1 - weights.alpha, parts.mutual_information),
            "tc": (weights.beta, parts.total_correlation),
            "dw": (weights.lambda_, parts.dimension_wise),
        }
