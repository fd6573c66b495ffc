"""Fixtures of the record's tests."""

from pathlib import Path

import pytest

from sweeps.execution.storage import Home, SweepFiles
from tests.record.store import Store
from tests.record.synthetic import FACTS, sweep_results, write_samples


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store in a folder of the test's own."""
    return Store(tmp_path)


@pytest.fixture
def files(home: Home) -> SweepFiles:
    """A sweep of 13 evaluations with their samples."""
    files = home.sweep(FACTS.experiment)
    for result in sweep_results():
        files.write_result(result)
        write_samples(files.samples(result.trial, result.rung), result.trial, result.rung)
    return files
