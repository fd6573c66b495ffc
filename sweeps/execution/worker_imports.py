"""Everything that a worker needs, to be imported before its first evaluation: what `local_ray` has Ray preload.

Owns one saving. Lightning imports torchmetrics, and that imports SciPy's signal processing, to give it back a name that
it lost, and matplotlib, to plot: a quarter of what a worker would import, and nothing of it is used here. Empty modules
stand in for them meanwhile; whoever asks for the real ones afterwards gets them.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

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


if not sys.modules.keys() & set(UNUSED):
    with _stood_in_for():
        import pytorch_lightning  # noqa: F401  # so that it is there

import sweeps.execution.evaluation  # noqa: E402, F401  # as above, and among real modules
