"""Everything that a worker needs, to be imported before its first evaluation: what `local_ray` has Ray preload.

Leaves out what is imported and never used, half of it all. Lightning imports torchmetrics, and that imports SciPy's
signal processing, to give it back a name that it lost, and matplotlib, to plot. Tune imports data frames and Ray's own
datasets, of which it is given none. Torch's compiler is left out by `late_compiler`. In a process with several threads
that import, as the driver is, one of the others would find what stands in.
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

UNUSED_BY_TUNE: dict[str, dict[str, object]] = {
    "pandas": {"DataFrame": object},
    "ray.data": {"Dataset": type("Dataset", (), {})},
}

stand_in_for_compiler()
with standing_in(UNUSED_BY_LIGHTNING):
    import pytorch_lightning  # noqa: F401  # for the modules below, which find it imported
with standing_in(UNUSED_BY_TUNE):
    import ray.tune  # noqa: F401  # likewise

import sweeps.execution.evaluation  # noqa: E402  # what a worker calls first; the rest comes with it
import sweeps.execution.tune_adapter  # noqa: E402, F401  # what it is called by
