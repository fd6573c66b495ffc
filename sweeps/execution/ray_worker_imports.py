"""All that a worker needs, with Tune: what `local_ray` has Ray preload. A forked worker has the most of it already.

Leaves out data frames and Ray's own datasets, which Tune imports and is given none of.
"""

import sweeps.execution.worker_imports  # the most of it
from sweeps.execution.stand_ins import standing_in

UNUSED_BY_TUNE: dict[str, dict[str, object]] = {
    "pandas": {"DataFrame": object},
    "ray.data": {"Dataset": type("Dataset", (), {})},
}

with standing_in(UNUSED_BY_TUNE):
    import ray.tune  # noqa: F401  # for the module below, which finds it imported

import sweeps.execution.tune_adapter  # noqa: E402, F401  # what a worker is called by
