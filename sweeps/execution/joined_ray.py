"""A Ray that was there before, joined for as long as a sweep runs: a cluster's, whose jobs find it by `$RAY_ADDRESS`.

Its nodes must see the home under the same path, have this version of Sweeps, and lock files for each other: NFS from
version 4 does, folders that are copied from machine to machine do not.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sweeps.execution.local_ray import ENVIRONMENT, THREADS

__all__ = ["joined_ray", "room_for"]

WORKERS_HAVE = ("PL_DISABLE_FORK", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO")
"""Of the environment of a Ray of our own, what its workers are to have in a cluster too."""


def room_for(address: str, *, cpus: int, gpus: float) -> int:
    """Return how many workers, of `cpus` threads and `gpus` devices each, a Ray has room for: at least one.

    Side effect: sets environment variables that Ray reads when it is imported.
    """
    with _joined(address):
        import ray

        there = ray.cluster_resources()
    room = int(there.get("CPU", 0)) // cpus
    return max(1, min(room, int(there.get("GPU", 0) / gpus)) if gpus else room)


@contextmanager
def joined_ray(address: str, *, workers: int, cpus: int) -> Iterator[None]:
    """Work with a Ray whose workers compute with `cpus` threads each.

    Side effects: sets environment variables; leaves the Ray afterwards, with which the workers of this process end.
    """
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(workers)
    environment = {name: ENVIRONMENT[name] for name in WORKERS_HAVE} | {name: str(cpus) for name in THREADS}
    os.environ.update(environment)
    with _joined(address, runtime_env={"env_vars": environment}):
        yield


@contextmanager
def _joined(address: str, **how: Any) -> Iterator[None]:
    os.environ.update(ENVIRONMENT)
    import ray

    ray.init(address=address, log_to_driver=False, logging_level="ERROR", **how)
    try:
        yield
    finally:
        with suppress(Exception):  # it may be gone, and has nothing of ours to lose
            ray.shutdown()
