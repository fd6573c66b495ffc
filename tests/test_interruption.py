"""Signals that ask a process to end: heard, handed on, and known even if the exception they raise is swallowed."""

import signal
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest

from sweeps.interruption import Interruption, interruption_remembered


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_remembered_whatever_becomes_of_its_exception(number: signal.Signals) -> None:
    before = signal.signal(number, signal.default_int_handler)
    try:
        with interruption_remembered() as interruption:
            assert not interruption.asked
            with suppress(KeyboardInterrupt):
                signal.raise_signal(number)
                pytest.fail("the handler that stood there must be called")
            assert interruption.asked
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)


def test_a_signal_inside_an_import_is_remembered_and_does_not_break_it_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off, an import may leave a lock taken that all other threads wait for."""
    (tmp_path / "interrupted_module.py").write_text("import signal\nsignal.raise_signal(signal.SIGINT)\nWHOLE = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with interruption_remembered() as interruption:
            module = import_module("interrupted_module")
        assert (interruption.asked, module.WHOLE) == (True, True)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruption_remembered() as interruption:
            signal.raise_signal(signal.SIGINT)
        assert not interruption.asked
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_of_the_main_thread_nothing_is_touched() -> None:
    seen: list[Interruption] = []

    def listen() -> None:
        with interruption_remembered() as interruption:
            seen.append(interruption)

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert [interruption.asked for interruption in seen] == [False]
