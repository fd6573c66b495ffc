"""Everything that a worker needs, to be imported before its first evaluation: what `local_ray` has Ray preload.

Owns one saving. Lightning imports torchmetrics, and that imports SciPy's signal processing to give it back a name that
it lost: a sixth of what a worker imports, and none of it is used here. An empty module stands in for it meanwhile;
whoever asks for the real one afterwards gets it.
"""

import sys
from types import ModuleType

SIGNALS = "scipy.signal"

if SIGNALS not in sys.modules:
    stand_in = ModuleType(SIGNALS)
    stand_in.hamming = None  # type: ignore[attr-defined]  # the name that torchmetrics looks for
    sys.modules[SIGNALS] = stand_in
    try:
        import pytorch_lightning  # noqa: F401
    finally:
        del sys.modules[SIGNALS]

import sweeps.execution.evaluation  # noqa: E402, F401
