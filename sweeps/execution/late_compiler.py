"""Torch's compiler, imported when somebody compiles: a second of a core that every worker would spend, and none uses.

Lightning and torch's optimizers import `torch._dynamo` for three names that mean nothing where nothing is compiled. A
module with these three stands in for it. Whoever asks it for anything else, or imports a part of it, gets the real one,
which then takes its place.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import torch

__all__ = ["stand_in_for_compiler"]

COMPILER = "torch._dynamo"


def stand_in_for_compiler() -> None:
    """Have `torch._dynamo` imported only when it is needed, unless it is there already.

    Side effects: puts a module into `sys.modules` and a finder before Python's own.
    """
    if COMPILER not in sys.modules:
        standin = _Standin(COMPILER)
        standin.__path__ = []  # it has parts, which are not looked for here but by `_Parts`
        sys.modules[COMPILER] = standin
        vars(torch)["_dynamo"] = standin
        sys.meta_path.insert(0, _Parts())


class _Standin(ModuleType):
    """Answers as the compiler does when nothing is compiled."""

    class OptimizedModule:
        """What torch makes of a compiled model: no model is one."""

    @staticmethod
    def disable(fn: Any = None, *_: object, **__: object) -> Any:
        """Return a function that is not to be compiled as it is, or a decorator that does."""
        return fn or (lambda decorated: decorated)

    @staticmethod
    def graph_break() -> None:
        """Do nothing: no graph is drawn."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what Python itself looks for in every module
            raise AttributeError(name)
        return getattr(_real_compiler(), name)


class _Parts(MetaPathFinder):
    """Imports the whole compiler before a part of it, as Python does with every package."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if not name.startswith(f"{COMPILER}."):
            return None
        path = _real_compiler().__path__
        if name in sys.modules:  # the whole has imported this part
            return ModuleSpec(name, _Imported(sys.modules[name]))
        return importlib.machinery.PathFinder.find_spec(name, path)


class _Imported(Loader):
    """Loads a module that is there already, and leaves it as it is."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


def _real_compiler() -> ModuleType:
    if isinstance(sys.modules.get(COMPILER), _Standin):
        del sys.modules[COMPILER], vars(torch)["_dynamo"]
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Parts)]
    return importlib.import_module(COMPILER)
