"""What a model may warn of after training, by name; knows no torch.

An alarm is a fact about a fold beside its scores: it neither ends a training nor changes an objective.
"""

__all__ = ["ALARMS"]

ALARMS: dict[str, str] = {
    "codes_ignored": "five epochs or more on, images tell less than half of what there is to know of their category",
    "discriminator_won": "for 500 steps on end the discriminator told real images from fakes all but surely",
}
"""What each alarm means, in one line for people."""
