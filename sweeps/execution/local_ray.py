"""A Ray of the sweep's own on this machine: loopback, a token of its own, nothing left behind."""

import os
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweeps.execution.fork_server import fork_server

__all__ = ["ENVIRONMENT", "THREADS", "local_ray", "ray_ahead", "wait_for_workers"]

OBJECT_STORE_BYTES = 2**29
"""MNIST as float32 takes 188 MB; results are small."""

REGISTRATION_SECONDS = 30.0
"""After this a sweep begins with the workers that are there; it needs two, and more beside other work."""

ENVIRONMENT = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    # Workers are as nice as the driver; at Ray's own 15 they come to a standstill beside any other work.
    "RAY_worker_niceness": "0",
    # Workers start with Ray and import torch and Lightning while the driver prepares the sweep.
    "RAY_preload_python_modules": "sweeps.execution.ray_worker_imports",
    # Ray would end them again if a second passes between Tune's reserving their cores and its asking for them.
    "RAY_idle_worker_killing_time_threshold_ms": "600000",
    # What Tune would give its actors as an environment of their own, see `tune_adapter`.
    "PL_DISABLE_FORK": "1",
    # Results are our own files, so Tune's loggers and snapshots only cost time.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    # Ctrl-C reaches the driver as KeyboardInterrupt instead of Tune's own handler.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
}

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables that say how many threads a worker computes with, which the last bits depend on."""


@contextmanager
def ray_ahead(*, cpus: int, log: Path) -> Iterator[None]:
    """Import Ray, and have a process import beside what workers need, from which those of `local_ray` are forked.

    Side effects: sets environment variables; the process ends with the block.

    Args:
        cpus: Threads that each worker computes with.
        log: Where the process writes what goes wrong.
    """
    _set_environment()
    with fork_server({threads: str(cpus) for threads in THREADS}, log):
        import ray  # noqa: F401  # for whoever imports it next

        yield


def _set_environment() -> None:
    """Set what Ray reads when it is imported."""
    os.environ.update(ENVIRONMENT)
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


@contextmanager
def local_ray(*, workers: int, cpus: int, gpus: float) -> Iterator[None]:
    """Run a Ray whose `workers` workers, of `cpus` threads and `gpus` devices each, have imported what they need.

    Side effects: sets environment variables, which workers inherit; Ray's processes end with this one, however it ends.
    """
    _set_environment()
    # One pending trial a worker, so that no worker waits for Tune's loop.
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(workers)
    for threads in THREADS:
        os.environ[threads] = str(cpus)
    import ray

    from sweeps.execution.bare_node import bare_nodes

    on_sigterm = signal.getsignal(signal.SIGTERM)
    with bare_nodes():
        ray.init(
            address="local",
            num_cpus=workers * cpus,
            num_gpus=round(workers * gpus) if gpus else 0,
            object_store_memory=OBJECT_STORE_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            _node_ip_address="127.0.0.1",
        )
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, on_sigterm)  # Ray's own handler would end the process without a word
    try:
        yield
    finally:
        ray.shutdown()


def wait_for_workers(workers: int) -> None:
    """Return when the workers that `local_ray` starts have registered, so that whoever asks for one gets one of those.

    They import what they need afterwards. For a worker that is asked for before, Ray starts another process, which
    begins its imports late and slows theirs.
    """
    import ray

    deadline = time.monotonic() + REGISTRATION_SECONDS
    while len(ray._private.state.workers()) < workers and time.monotonic() < deadline:
        time.sleep(0.02)  # nothing tells when they have
