"""Spectral normalisation of whole networks (Miyato 2018, Algorithm 1), in a form that stacks over folds.

Torch's own parametrization writes its vectors while it computes, which `vmap` refuses. Here a step's computations only
read them, and the model moves them once a step.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

__all__ = ["SpectralNorm"]

FIRST_ITERATIONS = 15
"""Power iterations on the initial weights, as many as torch's parametrization takes."""


class SpectralNorm(nn.Module):
    """A network whose every weight matrix is divided by an estimate of its largest singular value.

    σ(W) = ||W v||, where v follows the leading right singular vector by one power iteration a step. With v held fixed
    its gradient is u vᵀ, u = W v/||W v||, that of Miyato's u^T W v. Kernels of convolutions count as matrices
    `(out, in·k·k)`. Biases stay as they are.

    Initial vectors come from torch's global random state.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        for buffer, (_, weight) in _matrices(network).items():
            self.register_buffer(buffer, F.normalize(weight.detach().new_empty(weight[0].numel()).normal_(), dim=0))
        for _ in range(FIRST_ITERATIONS):
            self.move(self.iterated())

    def forward(self, x: Tensor) -> Tensor:
        """Return what the network with normalised weights makes of x."""
        normalised = {
            name: weight / (weight.flatten(1) @ self.get_buffer(buffer)).norm()
            for buffer, (name, weight) in _matrices(self.network).items()
        }
        output: Tensor = functional_call(self.network, normalised, (x,))
        return output

    @torch.no_grad()
    def iterated(self) -> dict[str, Tensor]:
        """Return each v after one more power iteration, v ← Wᵀ W v normalised, by the name of its buffer."""
        moved = {}
        for buffer, (_, weight) in _matrices(self.network).items():
            matrix = weight.flatten(1)
            moved[buffer] = F.normalize(matrix.T @ (matrix @ self.get_buffer(buffer)), dim=0)
        return moved

    def move(self, moved: dict[str, Tensor]) -> None:
        """Take over what `iterated` returned."""
        for name, direction in moved.items():
            self.get_buffer(name).copy_(direction)


def _matrices(network: nn.Module) -> dict[str, tuple[str, Tensor]]:
    """Return name and value of every weight that is no vector, by the name of its buffer."""
    weights = [(name, weight) for name, weight in network.named_parameters() if weight.dim() > 1]
    return {f"direction_{number}": named for number, named in enumerate(weights)}
