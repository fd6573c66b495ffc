"""The result of an evaluation as text: exact, whole, and refused when it is anything else."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sweeps.execution.result import EvaluationResult, digest
from tests.sweep_on_disk import diverged, new_search, result_of, small_spec


def a_result() -> EvaluationResult:
    evaluation = new_search(small_spec()).ask()
    assert evaluation is not None
    return result_of(small_spec(), evaluation)


RESULT = a_result()
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(NUMBERS, min_size=1, max_size=10), st.text())
def test_every_bit_of_every_score_survives(folds: list[float], worker: str) -> None:
    result = replace(RESULT, folds=folds, scores={"fid": folds}, worker=worker)
    assert EvaluationResult.from_json(result.to_json()) == result


def test_a_diverged_result_has_no_mean() -> None:
    result = diverged(RESULT)
    assert EvaluationResult.from_json(result.to_json()) == result
    assert result.mean is None


def test_the_mean_is_that_of_the_folds() -> None:
    assert replace(RESULT, folds=[1.0, 2.0, 6.0]).mean == 3.0


def test_the_status_tells_which_alarms_ring_and_where() -> None:
    assert RESULT.status == "scored"
    ringing = replace(RESULT, alarms={"discriminator_won": [1], "codes_ignored": [0, 2]})
    assert ringing.status == "scored, codes_ignored in folds 0 2, discriminator_won in folds 1"
    assert EvaluationResult.from_json(ringing.to_json()) == ringing


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_never_written(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(RESULT, folds=[value]).to_json()


@given(st.data())
def test_a_truncated_text_is_refused_wherever_it_ends(data: st.DataObject) -> None:
    text = RESULT.to_json()
    with pytest.raises(ValueError, match=r"\S"):
        EvaluationResult.from_json(text[: data.draw(st.integers(0, len(text) - 1))])


@given(st.data())
def test_a_changed_digit_is_refused(data: st.DataObject) -> None:
    text = RESULT.to_json()
    places = [index for index, character in enumerate(text) if character.isdigit() and text[index - 1] != "."]
    place = data.draw(st.sampled_from(places))
    changed = text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :]
    assume(json.loads(changed) != json.loads(text))  # the seventeenth digit of a float may make no other float
    with pytest.raises(ValueError, match=r"\S"):
        EvaluationResult.from_json(changed)


def signed(**changes: Any) -> str:
    """Return a text whose digest is right, whatever else is not."""
    body = {key: value for key, value in json.loads(RESULT.to_json()).items() if key != "digest"}
    body = {key: value for key, value in {**body, **changes}.items() if value != "left out"}
    return json.dumps({**body, "digest": digest(body)})


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (signed(format=3), "its format must be 2"),
        (signed(format="left out"), "its format must be 2"),
        (signed(extra=1), "the fields of an evaluation and no others"),
        (signed(folds="left out"), "the fields of an evaluation and no others"),
        (RESULT.to_json().replace('"host:1"', '"host:2"'), "its digest must match its contents"),
        ("[1, 2]", "it must hold a JSON object"),
        ("null", "it must hold a JSON object"),
    ],
    ids=["newer format", "no format", "extra field", "missing field", "edited", "list", "null"],
)
def test_what_is_not_a_result_is_refused_with_the_rule(text: str, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        EvaluationResult.from_json(text)


def test_a_sound_text_written_by_hand_is_read() -> None:
    assert EvaluationResult.from_json(signed()) == RESULT


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": [2.5]}) == digest({"b": [2.5], "a": 1})
    assert digest({"a": 1, "b": [2.5]}) == hashlib.sha256(b'{"a": 1, "b": [2.5]}').hexdigest()
