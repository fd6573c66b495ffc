"""What a worker's log tells after the worker is gone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sweeps.execution.worker_log import logged_to

DIES = """
import faulthandler, os, signal, sys
from pathlib import Path
from sweeps.execution.worker_log import logged_to
with logged_to(Path(sys.argv[1])):
    os.kill(os.getpid(), int(sys.argv[2]))
"""


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def die_inside(path: Path, by: signal.Signals) -> None:
    died = subprocess.run([sys.executable, "-c", DIES, str(path), str(int(by))], check=False, capture_output=True)
    assert died.returncode == -by


def test_an_evaluation_that_ends_well_has_a_first_and_a_last_line(odd_path: Path) -> None:
    log = odd_path / "logs" / "00000-0.log"
    with logged_to(log):
        pass
    first, last = lines_of(log)
    assert f"begun by process {os.getpid()} on " in first
    assert last.endswith(" ended")


def test_an_error_is_written_with_its_traceback_and_goes_on(odd_path: Path) -> None:
    log = odd_path / "log"
    with pytest.raises(RuntimeError, match="the β weight broke"), logged_to(log):
        raise RuntimeError("the β weight broke")
    lines = lines_of(log)
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-1] == "RuntimeError: the β weight broke"


def test_every_attempt_is_appended(odd_path: Path) -> None:
    log = odd_path / "log"
    for _ in range(3):
        with logged_to(log):
            pass
    assert [line.split(" ")[1] for line in lines_of(log)] == ["begun", "ended"] * 3


def test_a_segmentation_fault_leaves_its_trace(odd_path: Path) -> None:
    log = odd_path / "log"
    die_inside(log, signal.SIGSEGV)
    text = log.read_text(encoding="utf-8")
    assert "Fatal Python error: Segmentation fault" in text
    assert 'File "<string>", line 6' in text


def test_a_killed_worker_leaves_a_beginning_without_an_end(odd_path: Path) -> None:
    log = odd_path / "log"
    die_inside(log, signal.SIGKILL)
    (line,) = lines_of(log)
    assert "begun by process" in line


def test_faults_after_the_evaluation_are_not_written_to_its_log(odd_path: Path) -> None:
    log = odd_path / "log"
    code = DIES.replace("    os.kill", "    pass\nos.kill")
    died = subprocess.run(
        [sys.executable, "-c", code, str(log), str(int(signal.SIGSEGV))], check=False, capture_output=True
    )
    assert b"Segmentation fault" in died.stderr
    assert len(lines_of(log)) == 2
