"""A fault's path leads to its line."""

import pytest

from sweeps.errors import Fault, SpecError
from sweeps.service.pages.spec_lines import placed
from sweeps.spec_file import parse_text

TEXT = """\
# a comment
name: x
space:
  beta:
    type: uniform
    values: [1,
      2]
  "a.b": {type: uniform}
hyperband: {eta: 3}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("name", 2),
        ("space", 3),
        ("space.beta", 4),
        ("space.beta.type", 5),
        ("space.beta.low", 4),
        ("space.beta.values.0", 6),
        ("space.beta.values.1", 7),
        ("space.a.b", 8),
        ("space.a.b.type", 8),
        ("hyperband.eta", 9),
        ("hyperband.max_epochs", 9),
        ("model", 0),
        ("(file)", 0),
    ],
)
def test_a_path_stands_on_a_line(path: str, line: int) -> None:
    (found,) = placed([Fault(path, "rule", "value", "remedy")], TEXT)
    assert found.line == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: x\nfolds: [1,\n", 3),
        ("name: x\nseed: 1\n  folds: 2\n", 3),
        ("name: x\nseed: 1\nname: y\n", 3),
        ("a: &b 1\nc: *b\n", 2),
        ("- 1\n", 0),
        ("[" * 20_000, 0),
        ("name: \x00\n", 0),
        ("name: 'in line 77, column 1'\n", 0),
    ],
)
def test_a_text_that_cannot_be_read_names_its_line(text: str, line: int) -> None:
    try:
        faults = [Fault("name", "rule", str(parse_text(text.encode())["name"]), "remedy")]
        line = 1
    except SpecError as error:
        faults = error.faults
    assert [each.line for each in placed(faults, text)] == [line]


def test_faults_are_told_from_the_first_line_to_the_last() -> None:
    faults = [Fault(path, "rule", "value", "remedy") for path in ("hyperband.eta", "name", "model")]
    assert [each.fault.path for each in placed(faults, TEXT)] == ["model", "name", "hyperband.eta"]
