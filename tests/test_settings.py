"""Settings: the command line before the environment before the default."""

import os
from pathlib import Path

import pytest

from sweeps.settings import Settings, available_cpus


def test_the_command_line_goes_before_the_environment_before_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.read({}).home == tmp_path / "sweeps-home"
    assert Settings.read({"SWEEPS_HOME": "elsewhere"}).home == tmp_path / "elsewhere"
    assert Settings.read({"SWEEPS_HOME": "elsewhere"}, home=Path("here")).home == tmp_path / "here"


def test_what_is_not_set_or_empty_is_none() -> None:
    settings = Settings.read({"SWEEPS_DATA": "", "SWEEPS_TRACKING_URI": "", "SWEEPS_HOME": ""})
    assert (settings.data, settings.tracking_uri, settings.record_patience_seconds) == (None, None, 60.0)
    assert settings.home.name == "sweeps-home"


def test_data_becomes_absolute_and_the_tracking_address_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.read({"SWEEPS_DATA": "data", "SWEEPS_TRACKING_URI": "http://mlflow:5000"})
    assert Settings.read({"SWEEPS_RECORD_PATIENCE": "2.5"}).record_patience_seconds == 2.5
    assert settings.data == tmp_path / "data"
    assert settings.tracking_uri == "http://mlflow:5000"


def test_processors_are_those_this_process_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert available_cpus() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert available_cpus() == len(allowed)
