"""Stands in for an agent of Ray's that a sweep has no use for: `NAMES … --session-dir=… --node-id=…`, as Ray calls it.

Ray starts no worker before its agents have said where they listen, and ends when one of them does. This one says of
each port that nobody listens there, and lives as long as Ray does. It is started without site packages.
"""

import os
import sys
import time

LOOK_SECONDS = 1.0


def main() -> None:
    """Write what Ray waits for, and wait for Ray to end."""
    raylet = os.getppid()
    told = dict(argument[2:].split("=", 1) for argument in sys.argv if argument.startswith("--") and "=" in argument)
    for name in sys.argv[1].split(","):
        place = f"{told['session-dir']}/{name}_{told['node-id']}"
        with open(f"{place}.new", "w", encoding="ascii") as file:  # noqa: PTH123  # pathlib takes longer than all of this
            file.write("-1")
        os.rename(f"{place}.new", place)  # noqa: PTH104  # as above
    while os.getppid() == raylet:
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
