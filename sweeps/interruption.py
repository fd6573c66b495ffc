"""Ctrl-C and SIGTERM, remembered: a KeyboardInterrupt inside a destructor is swallowed.

Inside an import it is only remembered: raised there, it may leave Python's import lock taken, and every other thread
that imports something would wait for that for ever.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

__all__ = ["Interruption", "interruption_remembered"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Interruption:
    """Whether this process was asked to end.

    Attributes:
        asked: True from the first signal on.
    """

    asked: bool = False


@contextmanager
def interruption_remembered() -> Iterator[Interruption]:
    """Note signals that ask this process to end, and hand them on to the handlers that stood there, but for imports.

    Side effect: replaces handlers while the block runs, in the main thread alone: others are never interrupted.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def note(number: int, frame: FrameType | None) -> None:
        interruption.asked = True
        handler = before[signal.Signals(number)]
        if callable(handler) and not _is_importing(frame):
            handler(number, frame)

    noted = [number for number, handler in before.items() if callable(handler)]
    for number in noted:
        signal.signal(number, note)
    try:
        yield interruption
    finally:
        for number in noted:
            signal.signal(number, before[number])


def _is_importing(frame: FrameType | None) -> bool:
    """Tell whether a frame runs within an import."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
