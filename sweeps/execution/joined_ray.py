"""A Ray that was there before, joined for as long as a sweep runs: a cluster's, whose jobs find it by `$RAY_ADDRESS`.

Its nodes must see the home under the same path, have this version of Sweeps, and lock files for each other: NFS from
version 4 does, folders that are copied from machine to machine do not.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from sweeps.errors import SweepError
from sweeps.execution.local_ray import ENVIRONMENT, THREADS

__all__ = ["joined_ray", "places", "room_for"]

WORKERS_HAVE = ("PL_DISABLE_FORK", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO")
"""Of the environment of a Ray of our own, what its workers are to have in a cluster too."""


def room_for(address: str, *, cpus: int, gpus: float) -> int:
    """Return how many workers, of `cpus` threads and `gpus` devices each, a Ray has room for.

    Side effect: sets environment variables that Ray reads when it is imported.

    Raises:
        SweepError: It has room for none.
    """
    with _joined(address):
        import ray

        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    room = sum(places(node, cpus=cpus, gpus=gpus) for node in nodes)
    if not room:
        rule = f"a node of the Ray must have the {cpus} CPUs and {gpus:g} GPUs of `resources`, but none has"
        raise SweepError(f"{rule}. Lower them, add a node, or set --workers, with which the sweep waits for one.")
    return room


def places(resources: Mapping[str, float], *, cpus: int, gpus: float) -> int:
    """Return how many workers a node has room for.

    Args:
        resources: Of the node, as Ray names them.
        cpus: Of each worker.
        gpus: Of each worker.
    """
    by_cpu = int(resources.get("CPU", 0)) // cpus
    return min(by_cpu, int(resources.get("GPU", 0) / gpus)) if gpus else by_cpu


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
