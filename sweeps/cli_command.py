"""Commands that people are told to run: with the words by which they called this one, ready to be pasted."""

import shlex
import shutil
import sys
from pathlib import Path

__all__ = ["command"]


def command(*words: str, home: Path | None = None, server: str | None = None) -> str:
    """Return a command of this program as a line for the shell.

    Args:
        words: What follows the program's name.
        home: The home that was given by `--home`, if one was.
        server: The service that was given by `--server`, if one was.
    """
    place = ["--home", str(home)] if home else ["--server", server] if server else []
    return shlex.join([*_called(), *words, *place])


def _called() -> list[str]:
    """Return how this program was called.

    The shell replaces a name by the file that it finds on the path, so a file that would be found there is told by its
    name. A module is told with its interpreter: `python -m sweeps.cli`.
    """
    program = Path(sys.argv[0])
    if program.suffix == ".py":
        return sys.orig_argv[: len(sys.orig_argv) - len(sys.argv[1:])]
    found = shutil.which(program.name)
    on_path = found is not None and Path(found).absolute() == program.absolute()
    return [program.name if on_path else sys.argv[0]]
