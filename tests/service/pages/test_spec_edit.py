"""A section changes and the rest of a spec's text stays as it was written."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.errors import SpecError
from sweeps.service.pages.spec_edit import section, with_section
from sweeps.spec_file import parse_text

TEXT = """\
# what it is for
name: small  # the name
model: beta_vae
space:  # two
  # the weight
  beta: {type: log_uniform, low: 0.1, high: 10}
  lr:
    type: choice
    values:
      - 0.1
      - 0.01

# the rest
folds: 3
"""


@pytest.mark.parametrize(
    ("name", "value", "before", "after"),
    [
        ("name", "other", "name: small  # the name\n", "name: other  # the name\n"),
        ("folds", 5, "folds: 3\n", "folds: 5\n"),
        ("folds", None, "folds: 3\n", ""),
        ("name", None, "name: small  # the name\n", ""),
        ("dataset", {"name": "mnist", "limit": 60}, "beta_vae\n", "beta_vae\ndataset: {name: mnist, limit: 60}\n"),
        ("preset", "paper", "beta_vae\n", "beta_vae\npreset: paper\n"),
        ("seed", 1, "folds: 3\n", "folds: 3\nseed: 1\n"),
        ("seed", None, "folds: 3\n", "folds: 3\n"),
        ("space", "beta_vae", TEXT[TEXT.index("space:") : TEXT.index("\n\n# the rest")], "space: beta_vae"),
    ],
)
def test_one_section_changes(name: str, value: Any, before: str, after: str) -> None:
    assert with_section(TEXT, name, value) == TEXT.replace(before, after, 1)


def test_domains_stand_one_a_line() -> None:
    domains = {"beta": {"type": "uniform", "low": 0, "high": 1}, "lr": {"type": "choice", "values": [1, 2]}}
    assert section("space", domains) == (
        "space:\n  beta: {type: uniform, low: 0, high: 1}\n  lr: {type: choice, values: [1, 2]}"
    )
    assert section("space", {}) == "space: {}"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", "name: x\n"),
        ("# nothing yet\n", "name: x\n# nothing yet\n"),
        ("name:", "name: x"),
        ("name:\nfolds: 2", "name: x\nfolds: 2"),
        ("name: |\n  one\n  two\nfolds: 2\n", "name: x\nfolds: 2\n"),
        ("folds: 2", "name: x\nfolds: 2"),
        ('{"folds": 2, "name": "y"}', "folds: 2\nname: x\n"),
        ('"name": y\n', "name: x\n"),
    ],
)
def test_however_a_text_is_written(text: str, after: str) -> None:
    assert with_section(text, "name", "x") == after


@pytest.mark.parametrize("text", ["a: [", "- 1\n", "a: 1\na: 2\n"])
def test_what_is_no_spec_is_not_changed(text: str) -> None:
    with pytest.raises(SpecError):
        with_section(text, "name", "x")


VALUES = st.one_of(st.none(), st.integers(), st.text(max_size=20), st.dictionaries(st.text(max_size=5), st.integers()))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.dictionaries(st.sampled_from(["name", "folds", "space", "fixed"]), VALUES),
    st.sampled_from(["name", "fixed"]),
    VALUES,
)
def test_the_text_says_then_what_was_meant(content: dict[str, Any], name: str, value: Any) -> None:
    kept = {key: each for key, each in content.items() if each is not None}
    text = "# first\n" + "\n# between\n".join(section(key, each) for key, each in kept.items())
    meant = {**kept, name: value}
    told = with_section(text, name, value)
    assert parse_text(f"{told}\nseed: 0\n".encode()) == {
        **{key: each for key, each in meant.items() if each is not None},
        "seed": 0,
    }


def test_the_examples_keep_their_comments() -> None:
    for path in Path("examples").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        changed = with_section(text, "seed", 7)
        assert changed == text.replace("seed: 0", "seed: 7")
