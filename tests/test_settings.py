"""Settings: the command line before the environment before the default."""

import os
from pathlib import Path

import pytest

from sweeps.errors import SweepError
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


def test_an_experiment_may_have_a_name_of_its_own() -> None:
    assert Settings.read({}).experiment is None
    assert Settings.read({"SWEEPS_EXPERIMENT": "team~small-01234567"}).experiment == "team~small-01234567"


def test_data_becomes_absolute_and_the_tracking_address_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.read({"SWEEPS_DATA": "data", "SWEEPS_TRACKING_URI": "http://mlflow:5000"})
    assert Settings.read({"SWEEPS_RECORD_PATIENCE": "2.5"}).record_patience_seconds == 2.5
    assert settings.data == tmp_path / "data"
    assert settings.tracking_uri == "http://mlflow:5000"


@pytest.mark.parametrize("given", ["soon", "60 s", "-1", "nan", "inf", "1e400"])
def test_a_patience_that_is_no_time_is_refused_with_rule_value_and_remedy(given: str) -> None:
    with pytest.raises(SweepError) as caught:
        Settings.read({"SWEEPS_RECORD_PATIENCE": given})
    rule = "$SWEEPS_RECORD_PATIENCE must be a number of seconds, at least 0"
    assert str(caught.value) == f"{rule}, but got {given!r}. Write it as 60, or unset it."


@pytest.mark.parametrize(
    "address",
    ["https://mlflow", "sqlite:////a/b.db", "postgresql+psycopg2://user@host/db", "mysql://host", "mssql://h"],
)
def test_servers_and_databases_may_hold_the_record(address: str) -> None:
    assert Settings.read({"SWEEPS_TRACKING_URI": address}).tracking_uri == address


@pytest.mark.parametrize(("address", "begins"), [("mlruns", "mlruns"), ("ftp://user:secret@host", "ftp")])
def test_an_address_that_can_hold_no_record_is_refused_without_its_password(address: str, begins: str) -> None:
    with pytest.raises(
        SweepError, match=f"must begin with one of http:, .*, but got one that begins with '{begins}'"
    ) as e:
        Settings.read({"SWEEPS_TRACKING_URI": address})
    assert "secret" not in str(e.value)


def test_what_is_no_folder_is_refused_as_home_and_for_data(tmp_path: Path) -> None:
    file, circle = tmp_path / "file", tmp_path / "circle"
    file.touch()
    circle.symlink_to(circle)
    for path in (file, circle):
        with pytest.raises(SweepError, match=r"--home or \$SWEEPS_HOME must name a folder, but got .*Name another"):
            Settings.read({}, home=path)
        with pytest.raises(SweepError, match=r"\$SWEEPS_DATA must name a folder, but got .*Name another"):
            Settings.read({"SWEEPS_DATA": str(path)})


def test_processors_are_those_this_process_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert available_cpus() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert available_cpus() == len(allowed)
