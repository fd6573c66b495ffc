"""A process that imports what workers need, once, and is forked for each worker that Ray starts.

Workers that import for themselves take two seconds of a core each, come up at different times, and each hold the same
modules in memory. Forked ones are there at once, also in the place of one that died. Ray starts `fork_client.py`, which
asks for them, since nothing in Ray does. Linux alone: elsewhere system libraries may not survive a fork.
"""

import gc
import json
import os
import runpy
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from sweeps.errors import StorageError
from sweeps.execution.bound_process import end_with_parent
from sweeps.execution.fork_client import ADDRESS, DONE, abstract

__all__ = ["fork_server", "main"]

NEEDED_BY_RAY = (
    "click",
    "filelock",
    "fsspec",
    "google.protobuf.descriptor",
    "google.protobuf.internal.builder",
    "jsonschema",
    "msgpack",
    "requests",
)
"""What Ray imports, which is half of the time it takes. Ray itself must not be: it reads from the environment which
worker it is, and draws what the names of its objects begin with, which workers would then have in common."""


@contextmanager
def fork_server(environment: dict[str, str], log: Path) -> Iterator[None]:
    """Have a process import what workers need, for `fork_client` to find.

    Side effects: sets an environment variable; the process ends with the block, or with this one.

    Args:
        environment: What workers are to have in their environment when they import.
        log: Where it writes what goes wrong.

    Raises:
        StorageError: The log cannot be written.
    """
    if sys.platform != "linux":
        yield
        return
    with _opened(log) as written, socket.socket(socket.AF_UNIX) as listening:
        os.environ[ADDRESS] = f"sweeps-{secrets.token_hex(16)}"
        listening.bind(abstract(os.environ[ADDRESS]))
        listening.listen()
        server = subprocess.Popen(  # noqa: S603  # our own words, no shell
            [sys.executable, "-P", "-m", "sweeps.execution.fork_server", str(listening.fileno())],
            env=os.environ | environment,
            pass_fds=[listening.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
        listening.close()  # the server's own is left, so that whoever asks when it has ended is refused at once
        try:
            yield
        finally:
            del os.environ[ADDRESS]
            server.kill()
            server.wait()


def _opened(log: Path) -> BinaryIO:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab")
    except OSError as error:
        raise StorageError(
            f"{log} must be writable, but {error.strerror}. Make room or mend the folder, then run the sweep again."
        ) from error


def main() -> None:
    """Import, then be forked for whoever asks; return only as a worker, which has ended."""
    end_with_parent(signal.SIGKILL)
    listening = socket.socket(fileno=int(sys.argv[1]))
    for module in ("sweeps.execution.worker_imports", *NEEDED_BY_RAY):
        import_module(module)
    gc.collect()
    gc.freeze()  # what is imported is for good: workers need neither look at it again nor copy it for that
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a worker that has ended leaves nothing behind
    _become_worker(_next_worker(listening))


def _next_worker(listening: socket.socket) -> dict[str, Any]:
    """Return, in a new process, what that process is to be; who gets no answer does without this server."""
    while True:
        asking, _ = listening.accept()
        with asking, asking.makefile("rb") as words, suppress(ValueError, OSError):  # whoever asks may die of it
            if _user_of(asking) != os.getuid():
                continue
            asked: dict[str, Any] = json.loads(words.read())
            if _has_gone(asking):  # Ray has given the worker up while this server imported
                continue
            if os.fork() == 0:
                listening.close()
                return asked
            asking.sendall(DONE)


def _user_of(peer: socket.socket) -> int:
    """Return the user whose process is at the other end: a socket without a place has no permissions."""
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    return int(user)


def _has_gone(peer: socket.socket) -> bool:
    """Tell whether the other end is closed for good, and not only for writing."""
    looked = select.poll()
    looked.register(peer, 0)  # asks for nothing but what is always told
    return any(event & select.POLLHUP for _, event in looked.poll(0))


def _become_worker(asked: dict[str, Any]) -> None:
    """Be the program of a worker that Ray would have started."""
    os.setsid()  # Ray ends a worker with its group of processes
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    program, *_ = sys.argv = asked["arguments"]
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
