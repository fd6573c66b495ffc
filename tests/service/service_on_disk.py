"""A board over a home and a record of a test's own, and sweeps that stand as a test needs them."""

from collections.abc import Callable
from pathlib import Path

from sweeps.execution.storage import SweepFiles
from sweeps.service.board import Board
from sweeps.service.claims import Claims
from sweeps.service.executor import Executor
from sweeps.service.local_executor import LocalExecutor
from sweeps.service.notify_settings import NotifySettings

__all__ = ["IdleExecutor", "open_board"]


class IdleExecutor(LocalExecutor):
    """Notes what is asked of it and starts no process; a test says what runs, and what happens during a look."""

    def __init__(self) -> None:
        super().__init__("sqlite://")
        self.started: list[str] = []
        self.stopped: list[str] = []
        self.running: set[str] = set()
        self.fails: Callable[[], None] = lambda: None
        self.meanwhile: list[Callable[[], object]] = []

    def start(self, ref: str, files: SweepFiles) -> bool:
        self.fails()
        self.started.append(ref)
        self.running.add(files.sweep_id)
        return True

    def is_running(self, files: SweepFiles) -> bool:
        if self.meanwhile:
            self.meanwhile.pop()()
        return files.sweep_id in self.running

    def stop(self, files: SweepFiles) -> None:
        self.stopped.append(files.sweep_id)


def open_board(
    root: Path, executor: Executor, tracking_uri: str | None = None, notify: NotifySettings | None = None
) -> Board:
    """Return the board of a home, as a service that has just been started has it."""
    uri = tracking_uri or f"sqlite:///{root / 'mlflow.db'}"
    return Board(root, Claims(uri, root / "artifacts"), executor, notify=notify)
