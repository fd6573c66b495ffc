"""In what numbers networks multiply while they are trained; knows no torch."""

from typing import Literal

__all__ = ["Precision"]

Precision = Literal["float32", "bf16"]
"""With `bf16` the layers of networks multiply in bfloat16, while weights, losses and optimizers stay in float32.

Scores and samples are of float32 either way, so that they compare.
"""
