"""What Ray starts in a worker's place: has the fork server fork one, or else becomes what Ray would have started.

It imports little, since a worker waits for it.
"""

import json
import os
import socket
import sys

__all__ = ["ADDRESS", "DONE", "abstract", "main"]

ADDRESS = "SWEEPS_FORK_SERVER"
"""Environment variable with the name of the fork server's socket."""

DONE = b"1"
"""What the fork server answers when there is a worker."""

FOR_SETUP = ("--language=", "--serialized-runtime-env-context=")
"""How arguments begin that are for this program and not for the worker; one with the second is not forked."""


def abstract(name: str) -> str:
    """Return the address of a socket that has no place among files, so that nothing of it is left behind (Linux)."""
    return f"\0{name}"


def main() -> None:
    """Have a worker forked that has this process's arguments, environment and folder."""
    address, arguments = os.environ.get(ADDRESS), sys.argv[1:]
    own = [argument for argument in arguments if not argument.startswith(FOR_SETUP)]
    wants_more = any(argument.startswith(FOR_SETUP[1]) for argument in arguments)
    if address is not None and not wants_more and _forked(address, own):
        return
    from ray._private.workers import setup_worker  # a second to import

    os.execv(sys.executable, [sys.executable, setup_worker.__file__, *arguments])  # noqa: S606  # Ray's own words, no shell


def _forked(address: str, arguments: list[str]) -> bool:
    asked = {"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd()}  # noqa: PTH109  # no pathlib
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(abstract(address))
            server.sendall(json.dumps(asked).encode())
            server.shutdown(socket.SHUT_WR)
            return server.recv(1) == DONE
    except OSError:  # it has ended
        return False


if __name__ == "__main__":
    main()
