"""Changing one section of a spec's text and leaving the rest as it was written, comments too."""

from contextlib import suppress
from typing import Any

import yaml

from sweeps.spec import SweepSpec
from sweeps.spec_file import EXPONENT, compose_text, parse_text

__all__ = ["content_of", "section", "with_section"]

FIRST = ("name", "model", "dataset", "preset")
ORDER = (*FIRST, *(name for name in SweepSpec.model_fields if name not in FIRST))
"""A section that is new stands after those that usually stand before it."""

WIDEST = 10**6


class _Dumper(yaml.SafeDumper):
    """Puts quotes around texts that would be read as numbers."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", EXPONENT, list("-+0123456789"))


def with_section(text: str, name: str, value: Any) -> str:
    """Return a spec's text with a section of this value; None takes the section out.

    Raises:
        SpecError: The text is no mapping in YAML or JSON.
    """
    content, root = content_of(text), compose_text(text)
    if root is None:
        return text if value is None else f"{section(name, value)}\n{text}"
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        merged = {**content, name: value}
        kept = {key: each for key, each in merged.items() if each is not None}
        return "".join(f"{section(key, each)}\n" for key, each in kept.items())
    sections = {str(key.value): (key, each) for key, each in root.value}
    if name not in sections:
        return text if value is None else _inserted(text, name, value, sections)
    key, old = sections[name]
    begin, end = key.start_mark.index, len(text[: _end(old)].rstrip())
    if value is None:
        return text[: text.rfind("\n", 0, begin) + 1] + text[_next_line(text, end) :]
    return f"{text[:begin]}{section(name, value)}{text[end:]}"


def content_of(text: str) -> dict[str, Any]:
    """Return the mapping that a text holds; an empty one holds an empty mapping.

    Raises:
        SpecError: It is no mapping in YAML or JSON.
    """
    with suppress(yaml.YAMLError, RecursionError):
        if compose_text(text) is None:
            return {}
    return parse_text(text.encode("utf-8", errors="replace"))


def section(name: str, value: Any) -> str:
    """Return a section as people write it: on one line, or a line for each of its mappings."""
    if isinstance(value, dict) and value and all(isinstance(each, dict) for each in value.values()):
        return f"{name}:\n" + "\n".join(f"  {key}: {_in_yaml(each)}" for key, each in value.items())
    return f"{name}: {_in_yaml(value)}"


def _in_yaml(value: Any) -> str:
    options: dict[str, Any] = {"width": WIDEST, "allow_unicode": True, "sort_keys": False}
    listed: str = yaml.dump([value], Dumper=_Dumper, default_flow_style=True, **options)
    return listed.strip()[1:-1]


def _inserted(text: str, name: str, value: Any, sections: dict[str, tuple[yaml.Node, yaml.Node]]) -> str:
    rank = ORDER.index(name)
    before = [node for known, (_, node) in sections.items() if known in ORDER and ORDER.index(known) < rank]
    at = max((_next_line(text, _end(node)) for node in before), default=0)
    head = text[:at] + ("\n" if at and not text[:at].endswith("\n") else "")
    return f"{head}{section(name, value)}\n{text[at:]}"


def _end(node: yaml.Node) -> int:
    """Return where a value's last character stands; a block's own mark stands behind comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _next_line(text: str, index: int) -> int:
    """Return where the line after a character begins."""
    end = text.find("\n", len(text[:index].rstrip()))
    return len(text) if end < 0 else end + 1
