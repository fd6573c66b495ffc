"""What a sweep may minimise: measures whose value means the same for every configuration. Facts only, no arithmetic."""

from dataclasses import dataclass

__all__ = ["OBJECTIVES", "TRAINING_LOSSES", "ObjectiveFacts"]


@dataclass(frozen=True)
class ObjectiveFacts:
    """What is known of an objective without a model.

    Attributes:
        name: Its name in specs and in results.
        meaning: One line for people.
        needs_likelihood: True if only models with a bound on the likelihood have it.
        depends_on: Hyperparameters that decide what it measures: it compares no configurations that differ in them.
    """

    name: str
    meaning: str
    needs_likelihood: bool
    depends_on: tuple[str, ...] = ()


OBJECTIVES: dict[str, ObjectiveFacts] = {
    "fid": ObjectiveFacts(
        "fid",
        "Fréchet distance between the features of generated and of validation images; 0 is best",
        needs_likelihood=False,
    ),
    "nelbo": ObjectiveFacts(
        "nelbo",
        "negative bound on the log-likelihood of validation images at β = 1, in nats per image",
        needs_likelihood=True,
        depends_on=("decoder",),
    ),
}
"""Every objective by its name in specs; lower is better for all of them."""

TRAINING_LOSSES = frozenset({"loss", "loss/L", "loss/J", "train/loss", "val/loss", "L", "J"})
"""Names that people ask for and that no sweep may minimise: they contain the weights that are being searched."""
