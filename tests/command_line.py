"""The command line, asked in this process."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from sweeps.cli import app

__all__ = ["answer", "sweeps"]


def sweeps(*words: str | Path, stdin: str | None = None) -> Result:
    """Run a command and return what came of it."""
    return CliRunner().invoke(app, [str(word) for word in words], input=stdin)


def answer(*words: str | Path, exit_code: int = 0, stdin: str | None = None) -> Any:
    """Run a command with --json and return what it printed: one line, one object."""
    result = sweeps(*words, "--json", stdin=stdin)
    assert result.exit_code == exit_code, result.output
    (line,) = result.stdout.splitlines()
    return json.loads(line)
