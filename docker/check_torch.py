"""Ends the build of an image whose torch is not for what was asked: `check_torch.py cpu|cuda`.

Reads torch's own note of its build instead of importing torch, whose dependencies are installed later.
"""

import runpy
import sys
import sysconfig
from pathlib import Path

__all__ = ["fault"]


def fault(accelerator: str, version: Path) -> str | None:
    """Return what is wrong with the torch whose `version.py` is given, or None."""
    if accelerator not in {"cpu", "cuda"}:
        return f"ACCELERATOR must be cpu or cuda, but got {accelerator!r}."
    built = runpy.run_path(str(version))
    found = "cpu" if built["cuda"] is None else "cuda"
    if found == accelerator:
        return None
    rule = f"torch must be built for {accelerator}, but {built['__version__']} is for {found}"
    return f"{rule}. Name an index that has such builds: the build argument TORCH_INDEX, see docker/README.md."


if __name__ == "__main__":
    sys.exit(fault(sys.argv[1], Path(sysconfig.get_path("purelib")) / "torch" / "version.py"))
