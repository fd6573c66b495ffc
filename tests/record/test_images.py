"""Names of sample grids: MLflow's grammar, the same every time."""

import re

from sweeps.record.images import image_names
from tests.record.synthetic import evaluation


def test_names_follow_the_grammar_of_log_image() -> None:
    result = evaluation(trial=4, rung=2)
    picture, preview = image_names(result)
    assert re.fullmatch(rf"samples\+step\+2\+timestamp\+{result.ended}\+[a-z0-9]+\.png", picture)
    assert preview == picture.removesuffix(".png") + "+compressed.png"


def test_the_slider_begins_at_step_0_and_every_rung_has_its_own_step() -> None:
    steps = [image_names(evaluation(trial=4, rung=rung))[0].split("+")[2] for rung in range(3)]
    assert steps == ["0", "1", "2"]
