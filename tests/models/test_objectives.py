"""Objectives: which may be asked for, and which never."""

from models.hyperparameters import HYPERPARAMETERS, rules
from models.objectives import OBJECTIVES, TRAINING_LOSSES


def test_fid_is_for_every_model_and_nelbo_for_those_with_a_likelihood() -> None:
    assert {name: facts.needs_likelihood for name, facts in OBJECTIVES.items()} == {"fid": False, "nelbo": True}
    assert all(facts.name == name and facts.meaning for name, facts in OBJECTIVES.items())


def test_the_bound_of_another_decoder_measures_something_else() -> None:
    assert {name: facts.depends_on for name, facts in OBJECTIVES.items()} == {"fid": (), "nelbo": ("decoder",)}
    needing = [model for model in HYPERPARAMETERS if HYPERPARAMETERS[model].has_likelihood]
    assert needing
    assert all("decoder" in rules(model) for model in needing)


def test_no_training_loss_is_an_objective() -> None:
    assert {"loss", "loss/L", "loss/J"} <= TRAINING_LOSSES
    assert not TRAINING_LOSSES & set(OBJECTIVES)
