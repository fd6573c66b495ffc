"""Reading a spec's text: YAML or JSON as plain data, with nothing in it that could run, repeat or hide."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from sweeps.errors import Fault, SpecError

__all__ = ["EXPONENT", "MAX_BYTES", "compose_text", "parse_text", "read_spec_file", "read_spec_text"]

EXPONENT = re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9]*)?[eE][-+]?[0-9]+$")
"""Numbers of a spec that are none in plain YAML, as 1e-3: a text that looks like one needs quotes."""

MAX_BYTES = 65_536
"""A spec is a page of text; what is larger is no spec."""

MAX_DEPTH = 50
MAX_NODES = 5_000
"""Names and values in a spec's YAML, which takes 30 µs to parse for each."""

TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "seq", "map", "merge")}
"""What values may be; merges are keys, and refused as such."""


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML that says what JSON could: keys are names, each once; no aliases, merges, tags, dates or depths.

    1e-3 is a number as it is in JSON.
    """

    depth = 0
    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # the stubs leave its result out
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not allowed", problem_mark=mark)
        event = self.peek_event()  # type: ignore[no-untyped-call]  # as above
        if getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(problem="tags (!name) are not allowed", problem_mark=event.start_mark)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            problem = f"a spec has at most {MAX_NODES} names and values"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        self.depth += 1
        if self.depth > MAX_DEPTH:  # before the parser's own stack overflows, which takes it a second
            raise yaml.MarkedYAMLError(problem=f"a spec has at most {MAX_DEPTH} levels")
        node = super().compose_node(parent, index)
        self.depth -= 1
        if node is not None and node.tag not in TAGS:
            problem = f"{node.tag.rpartition(':')[2]} is no kind of value that a spec has; a text stands in quotes"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            problem = _key_problem(key, seen)
            if problem:
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_StrictLoader.add_implicit_resolver("tag:yaml.org,2002:float", EXPONENT, list("-+0123456789"))


def read_spec_file(path: Path) -> dict[str, Any]:
    """Return the mapping in a spec file.

    Raises:
        SpecError: There is no such file, or it is no mapping in YAML or JSON.
    """
    return parse_text(read_spec_text(path), source=str(path))


def read_spec_text(path: Path) -> bytes:
    """Return a spec file's text, up to one byte more than a spec may have.

    Raises:
        SpecError: There is no such file.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _fault(str(path), "the spec must be a readable file", str(error), "Check the path.") from error


def parse_text(text: bytes, source: str = "the spec") -> dict[str, Any]:
    """Return the mapping that a spec's text holds.

    Raises:
        SpecError: The text is too large, no YAML, or no mapping.
    """
    if len(text) > MAX_BYTES:
        raise _fault(source, f"a spec has at most {MAX_BYTES} bytes", "more", "Keep only the keys of a spec.")
    try:
        content = _parse(text.decode("utf-8"))
        # Half a surrogate pair, written as an escape, is no text that could ever be told or stored.
        json.dumps(content, ensure_ascii=False, skipkeys=True, default=str).encode()
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _fault(source, "a spec must be YAML or JSON", _said(error), "Mend the place named.") from error
    if not isinstance(content, dict):
        remedy = "Begin with `name: …` and `model: …`; examples/ has whole specs."
        raise _fault(source, "a spec must be a mapping of names to values", type(content).__name__, remedy)
    return content


def compose_text(text: str) -> yaml.Node | None:
    """Return a spec's text as nodes, which know where they stand; None if it is empty.

    Raises:
        YAMLError: It is no YAML.
    """
    return yaml.compose(text, Loader=_StrictLoader)


def _said(error: Exception) -> str:
    """Return what is wrong with a text, and where."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"{error.problem} in line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}"
    return " ".join(str(error).split()) or type(error).__name__


def _parse(text: str) -> Any:
    """Return what JSON or else YAML says: all but all JSON is YAML, but for tabs and pairs of surrogates."""
    try:
        return json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_refuse_constant)
    except json.JSONDecodeError:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a SafeLoader, made stricter


def _key_problem(key: yaml.Node, before: set[str]) -> str:
    match key.tag:
        case "tag:yaml.org,2002:str":
            return f"key {key.value!r} stands twice" if key.value in before else ""
        case "tag:yaml.org,2002:merge":
            return "merges (<<) are not allowed"
        case _:
            return "a key must be a name, in quotes if need be"


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise ValueError(f"key {key!r} stands twice")
        content[key] = value
    return content


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant}, which is no number")


def _fault(source: str, rule: str, value: str, remedy: str) -> SpecError:
    return SpecError([Fault("(file)", rule, value, remedy)], source)
