"""Where the service of a home is: alone there, at one address, which a file names for whoever wants to open it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweeps.errors import SweepError
from sweeps.execution.lease import is_held, take_lock
from sweeps.execution.storage import write_atomically
from sweeps.service.links import Links, link_to
from sweeps.service.options import LOOPBACK
from sweeps.service.tokens import Tokens

__all__ = ["alone", "listening_at", "new_link", "write_address"]

EVERYWHERE = "0.0.0.0"  # noqa: S104  # asked for by name alone


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keep a second service from the same home, since wishes are remembered by the one that took them; and others out.

    Side effect: nobody but the owner may look into `<root>/service` from now on.

    Raises:
        SweepError: Another service is there.
    """
    lock = take_lock(_lock(root))
    if lock is None:
        rule = "one service serves a home at a time, but another does already"
        raise SweepError(f"{rule}: {root}. Stop it, or choose another --home.")
    _lock(root).parent.chmod(0o700)
    with lock:
        yield


@contextmanager
def listening_at(host: str, port: int) -> Iterator[socket.socket]:
    """Take requests from now on; they are answered once the service is up.

    Raises:
        SweepError: The port is taken, or the host is not this machine's.
    """
    # By its protocol asyncio knows it for TCP and switches Nagle's delay off, which costs 40 ms an answer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the last one may just have ended
        try:
            listening.bind((host, port))
        except OSError as error:
            rule = f"--port must be free on {host}, but got {port}: {error.strerror}"
            raise SweepError(f"{rule}. Choose another, or 0 for a free one.") from error
        listening.listen(128)
        yield listening


def write_address(root: Path, listening: socket.socket) -> str:
    """Write down where the service of a home is, and return that."""
    host, port = listening.getsockname()
    url = f"http://{LOOPBACK if host == EVERYWHERE else host}:{port}"
    write_atomically(_address(root), url.encode())
    return url


def new_link(root: Path) -> str:
    """Return a link that opens the pages of the service of a home signed in, once.

    Raises:
        SweepError: No service runs there, or there is no administrator to sign in.
    """
    if not is_held(_lock(root)):
        raise SweepError(f"a link leads to a service that runs, but none serves {root}. Start it: sweeps serve")
    tokens = Tokens.of(root)
    administrator = tokens.administrator()
    if administrator is None:
        rule = "a link signs an administrator in, but every administrator's token was revoked"
        raise SweepError(f"{rule}. Make one: sweeps token create NAME --role admin")
    return link_to(_address(root).read_text(encoding="utf-8"), Links.of(tokens).make(administrator))


def _lock(root: Path) -> Path:
    return root / "service" / "service.lock"


def _address(root: Path) -> Path:
    return root / "service" / "address"
