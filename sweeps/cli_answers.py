"""How every command answers: one object on standard output for scripts, or text for people; errors, and exit codes."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from sweeps.errors import FaultsError, SweepError

__all__ = ["INTERRUPTED", "HomeOption", "JsonOption", "errors_told", "tell", "write_output"]

INTERRUPTED = 130
"""The shell's exit code for Ctrl-C."""

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="Holds what sweeps write. [$SWEEPS_HOME or ./sweeps-home]")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object for scripts.")]


@contextmanager
def errors_told(as_json: bool) -> Iterator[None]:
    """Print an error that people are meant to read, as text or as JSON, and exit with 2."""
    try:
        yield
    except SweepError as error:
        if as_json:
            print(json.dumps(error.as_json() if isinstance(error, FaultsError) else {"error": str(error)}))  # noqa: T201  # for scripts
        else:
            Console(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(INTERRUPTED) from interrupt


def tell(shown: dict[str, Any], as_json: bool, draw: Callable[[Console], None]) -> None:
    """Print an answer: for scripts in one line, or drawn on a terminal."""
    if as_json:
        print(json.dumps(shown, allow_nan=False))  # noqa: T201  # standard output is what scripts read
        sys.stdout.flush()
    else:
        draw(Console())


def write_output(path: Path, content: bytes) -> None:
    """Write a file that was asked for by `-o`.

    Raises:
        SweepError: It cannot be written there.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise SweepError(f"{path} must be writable, but {error.strerror}. Choose another by -o.") from error
