"""Settings of a service: one name each, the command line before the environment before the file before the default."""

from pathlib import Path

import pytest
import yaml

from sweeps.errors import SettingsError
from sweeps.service.limits import Limits
from sweeps.service.notify_settings import AllowedHost, NotifySettings
from sweeps.service.options import ServiceOptions, read_options
from sweeps.settings import Settings


@pytest.fixture
def file(odd_path: Path) -> Path:
    return odd_path / "settings.yaml"


def write(file: Path, **settings: object) -> Path:
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return file


def test_the_command_line_goes_before_the_environment_before_the_file_before_the_default(file: Path) -> None:
    write(file, port=1, mlflow_port=1, max_running=1, workers=1)
    environment = {"SWEEPS_PORT": "2", "SWEEPS_MLFLOW_PORT": "2", "SWEEPS_MAX_RUNNING": "", "SWEEPS_UNKNOWN": "2"}
    options = read_options({"port": 3, "workers": None}, file, environment)
    told = (options.port, options.mlflow_port, options.max_running, options.workers, options.attempts)
    assert told == (3, 2, 1, 1, 3)


def test_the_environment_may_name_the_file_and_the_command_line_another(file: Path) -> None:
    named = write(file, port=1)
    another = write(file.with_name("another.json"), port=2)
    environment = {"SWEEPS_SETTINGS": str(named)}
    assert read_options({}, None, environment).port == 1
    assert read_options({}, another, environment).port == 2
    assert read_options({}, None, {}) == ServiceOptions()


def test_every_setting_can_be_set_in_the_file_and_in_the_environment(file: Path) -> None:
    settings = {
        "home": "/srv/sweeps",
        "data": "/srv/data",
        "tracking_uri": "http://mlflow:5000",
        "host": "0.0.0.0",
        "port": 8001,
        "mlflow_port": 5001,
        "workers": 2,
        "max_running": 3,
        "attempts": 5,
        "executor": "ray",
        "ray_address": "https://ray:8265",
        "ray_python": "/opt/sweeps/bin/python",
        "body_bytes": 2048,
        "requests_per_second": 2.5,
        "burst": 7,
        "notify": "https://a.example/1,https://a.example/2",
        "notify_hosts": "a.example",
        "notify_secret_file": "/srv/secret",
    }
    assert settings.keys() == ServiceOptions.model_fields.keys()
    of_file = read_options({}, write(file, **settings), {})
    of_environment = read_options({}, None, {f"SWEEPS_{name.upper()}": str(value) for name, value in settings.items()})
    assert of_file == of_environment
    assert {name: str(value) for name, value in of_file} == {name: str(value) for name, value in settings.items()}
    assert of_file.limits == Limits(2048, 2.5, 7)
    read = Settings.read(of_file.environment({"SWEEPS_HOME": "/elsewhere"}))
    assert (read.home, read.data, read.tracking_uri) == (Path("/srv/sweeps"), Path("/srv/data"), "http://mlflow:5000")
    assert ServiceOptions().environment({"SWEEPS_PORT": "1"}) == {"SWEEPS_PORT": "1"}
    assert ServiceOptions().limits == Limits()
    notify = NotifySettings.read(of_file.environment({}))
    assert list(map(str, notify.addresses)) == ["https://a.example/1", "https://a.example/2"]
    assert (notify.hosts, notify.secret_file) == ((AllowedHost.parse("a.example"),), Path("/srv/secret"))


def test_several_addresses_may_be_a_list_in_the_file(file: Path) -> None:
    options = read_options({}, write(file, notify_hosts=["a.example", "b.example:8443"]), {})
    assert options.notify_hosts == "a.example,b.example:8443"
    with pytest.raises(SettingsError, match="notify_hosts"):
        read_options({}, write(file, notify_hosts=["a.example", 3]), {})


def test_the_faults_of_all_three_are_told_together_each_by_its_name_there(file: Path) -> None:
    write(file, prot=1, port="8000", executor="cloud", requests_per_second=0)
    with pytest.raises(SettingsError) as caught:
        read_options({"max_running": 0}, file, {"SWEEPS_WORKERS": "many", "SWEEPS_BURST": "0"})
    told = {fault.path: str(fault) for fault in caught.value.faults}
    assert told == {
        "prot": "prot: it must be the name of a setting, but got 'prot'. Did you mean port?",
        "port": "port: input should be a valid integer, but got '8000'. As in `port: 8000`.",
        "executor": "executor: input should be 'local' or 'ray', but got 'cloud'. As in `executor: local`.",
        "requests_per_second": "requests_per_second: input should be greater than 0, but got 0. "
        "As in `requests_per_second: 50.0`.",
        "$SWEEPS_WORKERS": "$SWEEPS_WORKERS: input should be a valid integer, unable to parse string as an integer, "
        "but got 'many'. As in `SWEEPS_WORKERS=2`.",
        "$SWEEPS_BURST": "$SWEEPS_BURST: input should be greater than or equal to 1, but got '0'. "
        "As in `SWEEPS_BURST=200`.",
        "--max-running": "--max-running: input should be greater than or equal to 1, but got 0. "
        "As in `--max-running 1`.",
    }
    assert str(caught.value).startswith(f"{file} has 7 faults, nothing was started:")
    assert caught.value.as_json()["error"] == f"{file} is not validly set up"


@pytest.mark.parametrize("address", ["ray:8265", "http://ray", "ftp://ray:8265", "http://u:secret@ray:8265", ""])
def test_what_is_no_address_of_a_dashboard_is_refused_and_no_password_told(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_options({"ray_address": address}, None, {})
    (fault,) = caught.value.faults
    assert (fault.path, fault.remedy) == ("--ray-address", "As in `--ray-address http://127.0.0.1:8265`.")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "- port", "port: 1\nport: 2", "port: &x 1\nworkers: *x", "port: [", "\x00"])
def test_what_is_no_settings_file_is_refused_with_its_path(file: Path, text: str) -> None:
    file.write_text(text)
    for path in (file, file.with_name("missing")):
        with pytest.raises(SettingsError) as caught:
            read_options({}, path, {})
        assert caught.value.source == str(path)
        (fault,) = caught.value.faults
        assert fault.rule.startswith("settings must be a readable file")
