"""Becomes another program, which the system then ends together with the process that started it: `COMMAND…`.

Whoever is killed cannot end the servers it started. Linux only: elsewhere the program is started as it is.
"""

import ctypes
import os
import signal
import sys

__all__ = ["main"]

PR_SET_PDEATHSIG = 1
"""From `linux/prctl.h`; what it asks for outlasts the change of program."""


def main() -> None:
    """Become the program that the command line names."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  # our own words, no shell


if __name__ == "__main__":
    main()
