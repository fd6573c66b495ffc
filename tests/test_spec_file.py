"""A spec's text: YAML and JSON as plain data, and nothing that runs, repeats, hides or swells."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.errors import SpecError
from sweeps.spec_file import MAX_BYTES, parse_text, read_spec_file

LAUGHS = b"""
a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: [*c, *c, *c, *c, *c, *c, *c, *c, *c]
"""

Plain = dict[str, object]

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def said(text: bytes) -> str:
    with pytest.raises(SpecError) as caught:
        parse_text(text, source="my spec")
    (fault,) = caught.value.faults
    assert fault.path == "(file)"
    assert fault.remedy
    return str(fault)


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=5), st.sampled_from([None, 2, "\t"]), st.booleans())
def test_json_means_what_json_says(content: Plain, indent: int | str | None, ascii_only: bool) -> None:
    assert parse_text(json.dumps(content, indent=indent, ensure_ascii=ascii_only).encode()) == content


def test_yaml_is_read_in_block_and_flow_form() -> None:
    text = b"# a comment\nname: x\nfixed: {latent_dim: 16, network: dense}\nlist:\n- 1\n- true\n"
    assert parse_text(text) == {
        "name": "x",
        "fixed": {"latent_dim": 16, "network": "dense"},
        "list": [1, True],
    }
    assert parse_text(b"{name: x, seed: 0}") == {"name": "x", "seed": 0}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (b"1e-3", 0.001),
        (b"1E3", 1000.0),
        (b"-2e5", -200000.0),
        (b"1.5e-2", 0.015),
        (b"+1.e+2", 100.0),
        (b"1e3x", "1e3x"),
    ],
)
def test_numbers_with_an_exponent_are_numbers_as_in_json(written: bytes, number: object) -> None:
    value = parse_text(b"lr: " + written)["lr"]
    assert value == number
    assert type(value) is type(number)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LAUGHS, "aliases (*name) are not allowed"),
        (b"a: &x [*x]", "aliases (*name) are not allowed"),
        (b"base: {seed: 1}\n<<: {seed: 2}\n", "merges (<<) are not allowed"),
        (b"seed: 1\nfolds: 2\nseed: 3\n", "key 'seed' stands twice"),
        (b"hyperband: {eta: 2, eta: 3}", "key 'eta' stands twice"),
        (b'{"seed": 1, "seed": 1}', "key 'seed' stands twice"),
        (b'{"fixed": {"lr": 1, "lr": 2}}', "key 'lr' stands twice"),
        (b'{"seed": NaN}', "NaN, which is no number"),
        (b'{"seed": -Infinity}', "-Infinity, which is no number"),
        (b"a: !!python/object/apply:os.system [echo]", "tags (!name) are not allowed"),
        (b"a: !!map [1]", "tags (!name) are not allowed"),
        (b"a: !!bool x", "tags (!name) are not allowed"),
        (b"a: !!set [b]", "tags (!name) are not allowed"),
        (b"! a: 1", "tags (!name) are not allowed"),
        (b"a: 2001-01-01", "timestamp is no kind of value"),
        (b"a: =", "value is no kind of value"),
        (b"a: [1, 2", "but got"),
        (b"a: \xff\xfe", "can't decode"),
        (b"--- {a: 1}\n--- {a: 2}\n", "another document"),
        (b'"\\ud83d": 1', "surrogates not allowed"),
        (b'{"fixed": {"network": "\\ud83d"}}', "surrogates not allowed"),
        (b"seed: 1\nfixed:\n  lr: 1\n  seed: 2\n  lr: 3\n", "key 'lr' stands twice in line 5"),
        (b"base: {seed: 1}\nfolds: 2\n<<: {seed: 2}\n", "line 3"),
        (b"? [a, b]\n: 1\n", "a key must be a name"),
        (b"1: one\n", "a key must be a name"),
        (b"fixed: {null: 1}", "a key must be a name"),
        (b"fixed:\n  .nan: 1\n", "line 2"),
        (b"a: 0x" + b"f" * 5_000, "integer string conversion"),
        (b"a: " + b"[" * 20_000, "at most 50 levels"),
        (b"a: [" + b"1," * 10_000 + b"]", "at most 5000 names and values"),
        (b'{"a": ' + b"[" * 20_000, "recursion"),
        (b"a: " + b"9" * 5_000, "integer string conversion"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_text_that_hides_repeats_or_breaks_is_refused(text: bytes, words: str) -> None:
    assert words in said(text)


@pytest.mark.parametrize("text", [b"", b"just words", b"- a\n- b\n", b"3", b"null", b"[1, 2]"])
def test_what_is_no_mapping_of_names_is_refused(text: bytes) -> None:
    assert "a spec must be a mapping of names to values" in said(text)


def test_a_spec_of_the_size_limit_is_read_and_one_byte_more_is_not() -> None:
    exact = b"a: 1\n#" + b"x" * (MAX_BYTES - 6)
    assert parse_text(exact) == {"a": 1}
    assert f"at most {MAX_BYTES} bytes" in said(exact + b"x")


def test_an_endless_file_is_refused_not_read() -> None:
    with pytest.raises(SpecError, match=f"at most {MAX_BYTES} bytes"):
        read_spec_file(Path("/dev/zero"))


def test_the_fault_names_the_line() -> None:
    assert "line 3" in said(b"name: x\nseed: 1\n  folds: [2\n")


def test_a_missing_file_a_folder_and_an_unreadable_path_are_told_with_their_path(tmp_path: Path) -> None:
    for path in (tmp_path / "no such\nspec.yaml", tmp_path):
        with pytest.raises(SpecError) as caught:
            read_spec_file(path)
        assert str(path) in str(caught.value)
        assert caught.value.faults[0].rule == "the spec must be a readable file"
