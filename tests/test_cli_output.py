"""What people read at the end of a run: the champion, what is wrong, and the command that comes next."""

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from sweeps.cli_output import show_report
from sweeps.driver import SweepReport
from sweeps.execution.storage import Home
from sweeps.record.export import read_best
from tests.sweep_on_disk import begin, finish, small_spec

SPEC = small_spec()


@pytest.fixture(autouse=True)
def called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/sweeps", "run", "spec.yaml"])
    monkeypatch.setenv("PATH", "")  # it may be on the path of who runs the tests


def shown(report: SweepReport, home: Path | None = None) -> list[str]:
    console = Console(file=io.StringIO(), width=60)
    show_report(console, report, Path("my spec.yaml"), home)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def interrupted(home: Home, why: str, trouble: str = "") -> SweepReport:
    files = begin(home, SPEC, evaluations=2)
    results = list(files.results())
    return SweepReport(
        files, "interrupted", results, restored=0, folds=SPEC.folds, seconds=64.2, why=why, trouble=trouble
    )


def test_a_finished_sweep_shows_its_champion_and_how_to_open_the_dashboard(tmp_path: Path) -> None:
    files = finish(Home(tmp_path), SPEC)
    results, best = list(files.results()), read_best(files.best)
    report = SweepReport(files, "finished", results, restored=6, folds=SPEC.folds, seconds=4.0, best=best)
    lines = shown(report, home=Path("my home"))
    assert lines[0] == f"Champion of {SPEC.sweep_id}: trial 0"
    assert "  fid                     7.1 ± 0.091 (mean and standard error over 3 folds)" in lines
    assert f"best.yaml   {files.best}" in lines
    assert f"dashboard   .venv/bin/sweeps dashboard {SPEC.sweep_id} --home 'my home'" in lines
    assert lines[-1] == "0 evaluations computed, 6 restored, 33 fold-epochs, 4 s"


def test_an_interrupted_sweep_says_why_and_how_to_continue_it(tmp_path: Path) -> None:
    lines = shown(interrupted(Home(tmp_path), why="it was stopped by Ctrl-C or a signal"))
    assert lines == [
        f"Sweep {SPEC.sweep_id} was interrupted: it was stopped by Ctrl-C or a signal.",
        "Continue it with: .venv/bin/sweeps run 'my spec.yaml'",
        "2 evaluations computed, 0 restored, 6 fold-epochs, 1 min 4 s",
    ]


def test_a_record_that_is_behind_is_told_with_the_command_that_lets_it_catch_up(tmp_path: Path) -> None:
    lines = shown(interrupted(Home(tmp_path), why="x", trouble="MLflow is away"), home=Path("h"))
    assert "The record is behind: MLflow is away" in lines
    assert "To let it catch up: .venv/bin/sweeps run 'my spec.yaml' --home h" in lines
