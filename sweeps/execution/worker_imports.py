"""What a worker needs to import before its first evaluation, but for Ray: the fork server does it for all of them.

Leaves out what is imported and never used, a third of it all. Lightning imports torchmetrics, and that imports SciPy's
signal processing, to give it back a name that it lost, and matplotlib, to plot. Torch's compiler is left out by
`late_compiler`. In a process with several threads that import, as the driver is, one of the others would find what
stands in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from sweeps.execution.late_compiler import stand_in_for_compiler
from sweeps.execution.stand_ins import standing_in


@contextmanager
def _no_style(_: object) -> Iterator[None]:
    yield


AXES: dict[str, object] = {"Axes": object}
PYPLOT: dict[str, object] = {"Figure": object, "style": SimpleNamespace(context=_no_style)}
UNUSED_BY_LIGHTNING: dict[str, dict[str, object]] = {
    "scipy.signal": {"hamming": None},
    "matplotlib.axes": AXES,
    "matplotlib.pyplot": PYPLOT,
    "matplotlib": {
        "axes": SimpleNamespace(**AXES),
        "pyplot": SimpleNamespace(**PYPLOT),
        "colors": SimpleNamespace(Colormap=object),
    },
}

stand_in_for_compiler()
with standing_in(UNUSED_BY_LIGHTNING):
    import pytorch_lightning  # noqa: F401  # for the module below, which finds it imported

import sweeps.execution.evaluation  # noqa: E402, F401  # what a worker calls; the rest comes with it
