"""Whatever is given as a spec: it is one, or has faults; and a spec that is one stays what it is."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.errors import SpecError
from sweeps.spec import SweepSpec
from sweeps.spec_checks import parse_spec
from tests.faulty_specs import SOUND

WORDS = st.sampled_from(
    ["name", "model", "dataset", "space", "fixed", "hyperband", "type", "low", "high", "when", "beta", "x"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | WORDS
    | st.sampled_from(["uniform", "choice", "digits", "article"])
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=10
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from([*SweepSpec.model_fields, "extra"]), ANYTHING, max_size=8), st.booleans())
def test_whatever_is_given_is_a_spec_or_a_list_of_faults(changes: dict[str, Any], on_top: bool) -> None:
    raw = {**SOUND, **changes} if on_top else changes
    try:
        spec = parse_spec(raw)
    except SpecError as error:
        assert error.faults
        assert len({(fault.path, fault.rule) for fault in error.faults}) == len(error.faults)
        json.dumps(error.as_json(), allow_nan=False)
    else:
        assert parse_spec(json.loads(spec.canonical())).sweep_id == spec.sweep_id
        assert spec.search_space().contains({}) == (not spec.space)
