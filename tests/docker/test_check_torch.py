"""An image gets the torch that was asked for, or is not built."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.docker.running_role import DOCKER


def check(accelerator: str, installed: Path) -> tuple[int, str]:
    """Return what the check says of an installed torch."""
    code = "import runpy, sys, sysconfig; sysconfig.get_path = lambda name: sys.argv[2]; "
    code += f"runpy.run_path({str(DOCKER / 'check_torch.py')!r}, run_name='__main__')"
    command = [sys.executable, "-c", code, accelerator, str(installed)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stderr


@pytest.fixture
def cuda(tmp_path: Path) -> Path:
    """A torch built for CUDA, as far as its own note says."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "version.py").write_text("__version__ = '2.13.0'\ncuda = '13.0'\n")
    return tmp_path


def test_the_torch_that_was_asked_for_is_taken(cuda: Path) -> None:
    assert check("cuda", cuda) == (0, "")


def test_another_is_refused_with_what_to_do(cuda: Path) -> None:
    code, said = check("cpu", cuda)
    assert code == 1
    assert said.startswith("torch must be built for cpu, but 2.13.0 is for cuda. Name an index that has such builds")


def test_what_is_no_accelerator_is_refused(cuda: Path) -> None:
    assert check("tpu", cuda) == (1, "ACCELERATOR must be cpu or cuda, but got 'tpu'.\n")


def test_the_note_of_a_real_torch_is_read() -> None:
    built_for = "cpu" if torch.version.cuda is None else "cuda"
    assert check(built_for, Path(torch.__file__).parents[1]) == (0, "")
