"""What torch.distributions says, typed: its own `log_prob` has no annotations."""

from collections.abc import Callable

from torch import Tensor
from torch.distributions import Distribution

__all__ = ["log_prob"]


def log_prob(distribution: Distribution, x: Tensor) -> Tensor:
    """Return log p(x), elementwise."""
    log_density: Callable[[Tensor], Tensor] = distribution.log_prob
    return log_density(x)
