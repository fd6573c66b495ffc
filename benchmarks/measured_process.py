"""Runs one program to its end and measures it from outside: wall time, and the memory of the processes below it."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Ended", "run_measured"]

SAMPLE_SECONDS = 0.25
SHOWN_CHARACTERS = 2_000
WORKER_TITLE = "ray::"
"""What Ray calls its worker processes; idle ones are called so too."""

PROC = Path("/proc")


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        output: Its standard output.
        seconds: From its start until it ended.
        peak_worker_bytes: The most memory that one of its Ray workers ever had resident; 0 if it had none.
    """

    output: str
    seconds: float
    peak_worker_bytes: int


def run_measured(
    command: Sequence[str], *, environment: Mapping[str, str], log: Path, deadline_seconds: float
) -> Ended:
    """Run a command to its end, in the folder of `log`, which takes its messages.

    Side effects: the command leads a process group of its own, which is killed if the deadline passes.

    Raises:
        RuntimeError: It failed, or was not done in time; the text ends with its last messages.
    """
    begun = time.monotonic()
    with log.open("wb") as messages, log.with_suffix(".out").open("w+b") as output:
        program = subprocess.Popen(
            command, cwd=log.parent, env=environment, stdout=output, stderr=messages, start_new_session=True
        )
        memory = _MemoryWatch(program.pid)
        try:
            status = _wait(program, deadline_seconds)
        finally:
            peak = memory.stop()
        seconds = time.monotonic() - begun
        if status != 0:
            said = log.read_text(encoding="utf-8", errors="replace")[-SHOWN_CHARACTERS:]
            raise RuntimeError(
                f"`{' '.join(command)}` must succeed, but ended with {status} after {seconds:.0f} s:\n{said}"
            )
        output.seek(0)
        return Ended(output.read().decode(), seconds, peak)


def _wait(program: subprocess.Popen[bytes], deadline_seconds: float) -> int:
    """Return the exit status; a program that is late, or whose measurement is broken off, is killed."""
    try:
        return program.wait(deadline_seconds)
    except subprocess.TimeoutExpired:
        os.killpg(program.pid, signal.SIGKILL)
        return program.wait()
    except BaseException:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        raise


class _MemoryWatch:
    """Samples the resident memory of the Ray workers below a process, from a thread of its own."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Return the highest sample."""
        self._ended.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            for pid in _below(self._root):
                self._peak = max(self._peak, _worker_bytes(pid))


def _below(root: int) -> Iterator[int]:
    """Yield the processes that descend from one."""
    children: dict[int, list[int]] = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit() and (status := _read(folder / "stat")):
            # The name in parentheses may hold anything; state and parent follow it.
            children.setdefault(int(status.rpartition(")")[2].split()[1]), []).append(int(folder.name))
    waiting = [root]
    while waiting:
        found = children.get(waiting.pop(), [])
        yield from found
        waiting += found


def _worker_bytes(pid: int) -> int:
    """Return the resident memory of a Ray worker; 0 for any other process and for one that has ended."""
    pages = _read(PROC / str(pid) / "statm").split()
    if not pages or not _read(PROC / str(pid) / "cmdline").startswith(WORKER_TITLE):
        return 0
    return int(pages[1]) * os.sysconf("SC_PAGESIZE")


def _read(path: Path) -> str:
    """Return a file of a process, empty if the process has just ended."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
