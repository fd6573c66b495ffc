"""Commands to run next: with the program's name as it was called, ready to be pasted into a shell."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sweeps.cli_command import command
from sweeps.execution.storage import Home
from tests.sweep_on_disk import finish, small_spec

INSTALLED = Path(sys.executable).with_name("sweeps")


def told(called: list[str], home: Home, **environment: str) -> str:
    """Return the command that `sweeps show` ends with when it is called by these words."""
    words = [*called, "show", "small", "--home", str(home.root)]
    ran = subprocess.run(words, env=os.environ | environment, check=True, capture_output=True, text=True)
    return ran.stdout.partition("to take it away: ")[2].rstrip("\n")


@pytest.fixture
def finished(home: Home) -> Home:
    """A home with one finished sweep."""
    finish(home, small_spec())
    return home


def test_a_path_is_told_as_it_was_typed_and_the_command_can_be_pasted(finished: Home, odd_path: Path) -> None:
    program = odd_path / "my sweeps"
    program.symlink_to(INSTALLED)
    line = told([str(program)], finished)
    assert line.startswith(f"{shlex.quote(str(program))} export small-")
    subprocess.run(line, shell=True, check=True, cwd=odd_path, capture_output=True)
    assert (odd_path / "best.yaml").read_bytes() == next(finished.root.glob("sweeps/*/best.yaml")).read_bytes()


def test_a_name_on_the_path_is_told_as_the_name(finished: Home) -> None:
    path = f"{INSTALLED.parent}{os.pathsep}{os.environ['PATH']}"
    assert told([str(INSTALLED)], finished, PATH=path).startswith("sweeps export small-")


def test_a_file_that_another_one_on_the_path_would_hide_is_told_as_its_path(finished: Home, odd_path: Path) -> None:
    (odd_path / "sweeps").symlink_to("/bin/true")
    path = f"{odd_path}{os.pathsep}{os.environ['PATH']}"
    assert told([str(INSTALLED)], finished, PATH=path).startswith(f"{shlex.quote(str(INSTALLED))} export small-")


def test_a_module_is_told_with_its_interpreter(finished: Home) -> None:
    line = told([sys.executable, "-m", "sweeps.cli"], finished)
    assert line.startswith(f"{shlex.quote(sys.executable)} -m sweeps.cli export small-")


def test_a_home_that_was_given_is_given_again_and_every_word_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/sweeps", "run", "spec.yaml"])
    monkeypatch.setenv("PATH", "")  # it may be on the path of who runs the tests
    assert command("run", "a 'spec'.yaml") == """.venv/bin/sweeps run 'a '"'"'spec'"'"'.yaml'"""
    assert command("dashboard", "x", home=Path("my home")) == ".venv/bin/sweeps dashboard x --home 'my home'"
