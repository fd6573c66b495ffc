"""TensorBoard's own pages on this machine, open at one sweep."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sweeps.errors import StorageError
from sweeps.execution.storage import SweepFiles
from sweeps.record.local_server import LocalServer, Pages, loopback, serve
from sweeps.record.tensorboard import EventFiles

__all__ = ["serve_tensorboard"]


@contextmanager
def serve_tensorboard(files: SweepFiles, port: int) -> Iterator[Pages]:
    """Write what a sweep's event files lack, serve them, and yield the link.

    Side effects: starts `tensorboard` in a process group of its own and ends it afterwards; its log is in the sweep's
    folder.

    Raises:
        SweepError: A file of the sweep is damaged or cannot be written, or the server does not start.
    """
    spec = files.read_json(files.spec)
    if spec is None:
        raise StorageError(f"{files.spec} must exist, but does not. Run the sweep again.")
    files.tensorboard.mkdir(exist_ok=True)
    EventFiles(files, spec["objective"]).catch_up()
    address = loopback(port)
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(files.tensorboard)]
    command += ["--host", "127.0.0.1", "--port", address.rpartition(":")[2]]
    log = files.root / "tensorboard.log"
    with serve(LocalServer("TensorBoard", tuple(command), address, "data/environment", log)) as process:
        yield Pages(f"{address}/#timeseries", process.pid, process)
