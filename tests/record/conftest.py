"""Fixtures of the record's tests."""

from pathlib import Path

import pytest

from tests.record.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store in a folder of the test's own."""
    return Store(tmp_path)
