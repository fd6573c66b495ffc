"""Where things stand in a spec's text: a fault names a path, as `space.beta.low`, and an editor shows lines."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import yaml

from sweeps.errors import Fault
from sweeps.spec_file import compose_text

__all__ = ["PlacedFault", "placed"]

NAMED = re.compile(r" in line ([0-9]+), column [0-9]+$")
"""How a text that cannot be read tells its place."""


@dataclass(frozen=True)
class PlacedFault:
    """A fault beside its line.

    Attributes:
        line: From 1; 0 if it is of the whole spec, as a key that is missing.
        fault: What is wrong.
    """

    line: int
    fault: Fault


def placed(faults: Iterable[Fault], text: str) -> list[PlacedFault]:
    """Return the faults of a text by line; one whose path is not written out stands where its section does."""
    lines = _lines(text)
    found = [PlacedFault(_named(fault) or _nearest(fault.path, lines), fault) for fault in faults]
    return sorted(found, key=lambda each: each.line)


def _named(fault: Fault) -> int:
    match = NAMED.search(fault.value)
    return int(match[1]) if match and fault.path == "(file)" else 0


def _nearest(path: str, lines: dict[str, int]) -> int:
    """Return the line of the longest beginning of a path that is written; names may hold points."""
    while path and path not in lines:
        path = path.rpartition(".")[0]
    return lines.get(path, 0)


def _lines(text: str) -> dict[str, int]:
    """Return the line of each path of a text; none if it cannot be read."""
    try:
        root = compose_text(text)
        return dict(_walk(root, "")) if root is not None else {}
    except (yaml.YAMLError, RecursionError):
        return {}


def _walk(node: yaml.Node, path: str) -> Iterator[tuple[str, int]]:
    children: list[tuple[str, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        children = [(str(key.value), key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        children = [(str(number), value, value) for number, value in enumerate(node.value)]
    for name, mark, value in children:
        here = f"{path}.{name}" if path else name
        yield here, mark.start_mark.line + 1
        yield from _walk(value, here)
