"""The search spaces that ship: YAML files in `library/`, each range with its source."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["load_shipped", "shipped_names"]

LIBRARY = Path(__file__).parent / "library"


def shipped_names() -> tuple[str, ...]:
    """Return the names of the shipped spaces, sorted."""
    return tuple(sorted(path.stem for path in LIBRARY.glob("*.yaml")))


@cache
def load_shipped(name: str) -> dict[str, Any]:
    """Return a shipped space as `{"model": …, "domains": {…}}`, in the form in which a spec writes domains inline.

    Raises:
        KeyError: There is no such space.
    """
    if name not in shipped_names():
        raise KeyError(name)
    content = yaml.safe_load((LIBRARY / f"{name}.yaml").read_text(encoding="utf-8"))
    return {"model": str(content["model"]), "domains": dict(content["domains"])}
