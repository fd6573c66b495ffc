"""Everything that a worker needs, to be imported before its first evaluation: what `local_ray` has Ray preload.

Leaves out what is imported and never used, half of it all. Lightning imports torchmetrics, and that imports SciPy's
signal processing, to give it back a name that it lost, and matplotlib, to plot: empty modules stand in for them
meanwhile, and whoever asks for the real ones afterwards gets them. Torch's compiler is left out by `late_compiler`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

from sweeps.execution.late_compiler import stand_in_for_compiler

UNUSED = ("scipy.signal", "matplotlib.axes", "matplotlib.pyplot", "matplotlib")


@contextmanager
def _no_style(_: object) -> Iterator[None]:
    yield


@contextmanager
def _stood_in_for() -> Iterator[None]:
    """Let modules that nobody uses be found empty, but for the names that torchmetrics looks for."""
    signal, axes, pyplot, matplotlib = map(ModuleType, UNUSED)
    vars(signal).update(hamming=None)
    vars(axes).update(Axes=object)
    vars(pyplot).update(Figure=object, style=SimpleNamespace(context=_no_style))
    vars(matplotlib).update(axes=axes, pyplot=pyplot, colors=SimpleNamespace(Colormap=object))
    sys.modules.update(zip(UNUSED, (signal, axes, pyplot, matplotlib), strict=True))
    try:
        yield
    finally:
        for name in UNUSED:
            del sys.modules[name]


stand_in_for_compiler()
if not sys.modules.keys() & set(UNUSED):
    with _stood_in_for():
        import pytorch_lightning  # noqa: F401  # for the module below, which finds it imported

import sweeps.execution.evaluation  # noqa: E402, F401  # what a worker calls first; the rest comes with it
