"""An image gets the torch that was asked for, or is not built."""

import importlib.util
import runpy
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.docker.running_role import DOCKER

SCRIPT = DOCKER / "check_torch.py"

fault = runpy.run_path(str(SCRIPT))["fault"]


@pytest.fixture
def cuda(tmp_path: Path) -> Path:
    """The note of a torch that is built for CUDA."""
    note = tmp_path / "version.py"
    note.write_text("__version__ = '2.13.0'\ncuda = '13.0'\n")
    return note


def test_the_torch_that_was_asked_for_is_taken(cuda: Path) -> None:
    assert fault("cuda", cuda) is None


def test_another_is_refused_with_what_to_do(cuda: Path) -> None:
    rule = "torch must be built for cpu, but 2.13.0 is for cuda"
    remedy = "Name an index that has such builds: the build argument TORCH_INDEX, see docker/README.md."
    assert fault("cpu", cuda) == f"{rule}. {remedy}"


def test_what_is_no_accelerator_is_refused(cuda: Path) -> None:
    assert fault("tpu", cuda) == "ACCELERATOR must be cpu or cuda, but got 'tpu'."


def test_the_note_of_the_torch_that_is_installed_is_read() -> None:
    spec = importlib.util.find_spec("torch")
    assert spec is not None and spec.origin is not None
    built_for = "cpu" if "+cpu" in version("torch") else "cuda"
    for asked in ("cpu", "cuda"):
        ran = subprocess.run([sys.executable, SCRIPT, asked], capture_output=True, text=True, check=False)
        wanted = fault(asked, Path(spec.origin).parent / "version.py")
        assert (ran.returncode, ran.stderr) == ((0, "") if asked == built_for else (1, f"{wanted}\n"))
