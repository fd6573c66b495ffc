"""Leaves out modules that others import and nobody uses: others stand in for them meanwhile, with the names looked for.

Whoever asks for the real ones afterwards gets them.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType

__all__ = ["standing_in"]


@contextmanager
def standing_in(modules: Mapping[str, Mapping[str, object]]) -> Iterator[None]:
    """Have modules found with nothing but these names in them while the block imports others.

    Does nothing if one of them has been imported already: they may know each other. For a process in which no other
    thread imports meanwhile: it would find them too.

    Args:
        modules: What is in each, by its full name.
    """
    if sys.modules.keys() & modules.keys():
        yield
        return
    for name, contents in modules.items():
        sys.modules[name] = ModuleType(name)
        vars(sys.modules[name]).update(contents)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
