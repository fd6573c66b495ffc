"""What a measurement was taken on: one line that every benchmark prints beside its figures."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

__all__ = ["machine_line"]


def machine_line(packages: Sequence[str] = ("torch",)) -> str:
    """Return cores, processor and versions, as `2 cores, <model> (x86_64), Python 3.11.2, torch 2.13.0`."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {_processor()} ({platform.machine()}), Python {platform.python_version()}, {versions}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
