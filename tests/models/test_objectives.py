"""Objectives: which may be asked for, and which never."""

from models.objectives import OBJECTIVES, TRAINING_LOSSES


def test_fid_is_for_every_model_and_nelbo_for_those_with_a_likelihood() -> None:
    assert {name: facts.needs_likelihood for name, facts in OBJECTIVES.items()} == {"fid": False, "nelbo": True}
    assert all(facts.name == name and facts.meaning for name, facts in OBJECTIVES.items())


def test_no_training_loss_is_an_objective() -> None:
    assert {"loss", "loss/L", "loss/J"} <= TRAINING_LOSSES
    assert not TRAINING_LOSSES & set(OBJECTIVES)
