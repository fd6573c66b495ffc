"""Processes that the system ends together with their parent; as a program, becomes `COMMAND…` as such a process.

Whoever is killed cannot end what it started. Linux only: elsewhere nothing is asked for.
"""

import ctypes
import os
import signal
import sys

__all__ = ["end_with_parent", "main"]

PR_SET_PDEATHSIG = 1
"""From `linux/prctl.h`; what it asks for outlasts the change of program."""


def end_with_parent(number: int) -> None:
    """Have the system send this process a signal when the thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def main() -> None:
    """Become the program that the command line names."""
    end_with_parent(signal.SIGTERM)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  # our own words, no shell


if __name__ == "__main__":
    main()
