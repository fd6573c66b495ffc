"""Fixtures of every folder of tests."""

import os
from pathlib import Path

import pytest
import yaml

from sweeps.execution.storage import Home
from tests.sweep_on_disk import RAW

os.environ["OMP_NUM_THREADS"] = "1"
"""One thread a process, as workers have it: read by torch when a test first imports it."""


@pytest.fixture
def odd_path(tmp_path: Path) -> Path:
    """A folder whose name holds all that breaks careless commands: quotes, spaces, a newline, a star."""
    folder = tmp_path / 'it\'s a "home"\nwith * and $HOME'
    folder.mkdir()
    return folder


@pytest.fixture
def home(odd_path: Path) -> Home:
    """A home in an odd place."""
    return Home(odd_path / "sweeps home")


@pytest.fixture
def spec_path(odd_path: Path) -> Path:
    """The file of a small spec, in an odd place."""
    path = odd_path / "a 'spec'.yaml"
    path.write_text(yaml.safe_dump(RAW), encoding="utf-8")
    return path
