"""Watches an InfoGAN's training for the two ways in which it fails without becoming non-finite."""

import math

import torch
from torch import Tensor, nn

from models.base import Terms

__all__ = ["Watch"]

EASY_LOSS = 0.1
"""Adversarial loss in J, in nats or margins, below which the discriminator tells all but surely."""

LONGEST_RUN = 500
"""Steps on end for which that is still taken for chance."""

FIRST_EPOCHS = 5
"""Epochs that the codes are given to be heeded."""

DECAY = 0.95
"""How much of the running mean of the information a step keeps in the end."""


class Watch(nn.Module):
    """Buffers that notes of each step move; of stacked folds each has the folds first.

    Attributes:
        easy_steps: Steps on end, up to now, whose adversarial loss was below `EASY_LOSS`.
        longest_run: The most there have been.
        information: Running mean of the variational bound on I(c; x), in nats.
    """

    easy_steps: Tensor
    longest_run: Tensor
    information: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("easy_steps", "longest_run", "information"):
            self.register_buffer(name, torch.zeros(()))

    @torch.no_grad()
    def note(self, terms: Terms, steps: Tensor) -> None:
        """Note the terms of a step.

        Args:
            terms: As `minibatch_step` returns them; of the information only if it is among them.
            steps: How many steps there have been with this one, `()`.
        """
        self.easy_steps.add_(1).mul_(terms["train/adversarial_d"] < EASY_LOSS)
        torch.maximum(self.longest_run, self.easy_steps, out=self.longest_run)
        if "train/mi_cat" in terms:
            self.information.lerp_(terms["train/mi_cat"], steps.reciprocal().clamp(min=1 - DECAY))

    def discriminator_won(self) -> Tensor:
        """Tell whether the adversarial loss was easy for `LONGEST_RUN` steps on end, at any time."""
        return self.longest_run >= LONGEST_RUN

    def codes_ignored(self, epochs: int, classes: int) -> Tensor:
        """Tell whether the bound is below ½ log K, once there have been epochs enough to judge."""
        return (self.information < 0.5 * math.log(classes)) & (epochs >= FIRST_EPOCHS)
