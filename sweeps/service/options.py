"""Everything that a service can be told, each by the command line, else the environment, else one file, else a default.

A setting has one name everywhere: `max_running` in the file is `--max-running` and `$SWEEPS_MAX_RUNNING`.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from sweeps.errors import Fault, SettingsError, SpecError
from sweeps.service.limits import Limits
from sweeps.service.state import MOST_FRUITLESS
from sweeps.spec_faults import unknown_name
from sweeps.spec_file import read_spec_file

__all__ = ["LOOPBACK", "ServiceOptions", "read_options"]

LOOPBACK = "127.0.0.1"

FILE = "SWEEPS_SETTINGS"
"""Variable that names the file."""


def _dashboard(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or not parts.port:
        raise ValueError("it must be the address of a Ray's dashboard")
    return f"{parts.scheme}://{parts.netloc}"


def _with_commas(value: object) -> object:
    """Return a list of a file's as the environment has it."""
    return ",".join(value) if isinstance(value, list) and all(isinstance(each, str) for each in value) else value


Port = Annotated[int, Field(ge=0, le=65_535)]
Folder = Annotated[Path, Field(strict=False)]
Text = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f]+$")]
Texts = Annotated[Text, BeforeValidator(_with_commas)]


class ServiceOptions(BaseModel):
    """What a service is told.

    Attributes:
        home: Holds what sweeps write; see `sweeps.settings` for this, `data` and `tracking_uri`.
        data: Holds datasets.
        tracking_uri: MLflow's store or server.
        host: Where the API listens; elsewhere than on loopback, tokens can be read on their way unless TLS is in front.
        port: Of the API; 0 takes a free one.
        mlflow_port: Of MLflow's pages; 0 takes a free one.
        workers: Evaluations at a time of each sweep; None is one a processor.
        max_running: Sweeps at a time; others wait.
        attempts: Without a new result, after which a sweep is given up.
        executor: Where sweeps run: `local` is this machine, `ray` a Ray cluster.
        ray_address: Of the dashboard of that Ray.
        ray_python: The Python that has Sweeps on the machine of its head.
        body_bytes: Of one request.
        requests_per_second: Of one token, on average.
        burst: Requests of one token at once.
        notify: Addresses that are told of every sweep; see `sweeps.service.notify_settings` for this and the next two.
        notify_hosts: Where webhooks may go; a list in the file.
        notify_secret_file: Holds what they are signed with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    home: Folder | None = None
    data: Folder | None = None
    tracking_uri: Text | None = None
    host: Text = LOOPBACK
    port: Port = 8000
    mlflow_port: Port = 0
    workers: int | None = Field(default=None, ge=1)
    max_running: int = Field(default=1, ge=1)
    attempts: int = Field(default=MOST_FRUITLESS, ge=1)
    executor: Literal["local", "ray"] = "local"
    ray_address: Annotated[Text, AfterValidator(_dashboard)] = "http://127.0.0.1:8265"
    ray_python: Text = "python"
    body_bytes: int = Field(default=Limits.body_bytes, ge=1024)
    requests_per_second: float = Field(default=Limits.requests_per_second, gt=0)
    burst: int = Field(default=Limits.burst, ge=1)
    notify: Texts | None = None
    notify_hosts: Texts | None = None
    notify_secret_file: Folder | None = None

    @property
    def limits(self) -> Limits:
        """What one token may ask."""
        return Limits(self.body_bytes, self.requests_per_second, self.burst)

    def environment(self, beside: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return an environment that says what these say, for what reads its settings there.

        Args:
            beside: Where the other variables are.
        """
        set_here = {name: value for name, value in self if name in self.model_fields_set and value is not None}
        return {**beside, **{_variable(name): str(value) for name, value in set_here.items()}}


def read_options(
    given: Mapping[str, Any], file: Path | None = None, environment: Mapping[str, str] = os.environ
) -> ServiceOptions:
    """Return what a service is told.

    Args:
        given: On the command line; None is what was left out.
        file: Settings in YAML or JSON; else `$SWEEPS_SETTINGS` names them, if there are any.
        environment: Variables; an empty one says nothing.

    Raises:
        SettingsError: With every fault of all three.
    """
    path = file or environment.get(FILE)
    of_file = _content(Path(path)) if path else {}
    variables = {name: environment.get(_variable(name)) or None for name in ServiceOptions.model_fields}
    faults: list[Fault] = []
    merged: dict[str, Any] = {}
    for source, content in (("file", of_file), ("environment", _told(variables)), ("command", _told(given))):
        try:
            as_texts = source == "environment"
            options = (ServiceOptions.model_validate_strings if as_texts else ServiceOptions.model_validate)(content)
        except ValidationError as error:
            faults += _faults(error.errors(include_url=False), source)
        else:
            merged |= options.model_dump(exclude_unset=True)
    if faults:
        raise SettingsError(faults, str(path) if of_file else "the service")
    return ServiceOptions.model_validate(merged)


def _content(path: Path) -> dict[str, Any]:
    try:
        return read_spec_file(path)
    except SpecError as error:
        rule = "settings must be a readable file with a mapping in YAML or JSON, each key once"
        fault = Fault("(file)", rule, error.faults[0].value, "Mend it, or name another by --settings.")
        raise SettingsError([fault], str(path)) from error


def _told(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if value is not None}


def _faults(details: list[ErrorDetails], source: str) -> Iterator[Fault]:
    """Yield the first fault of each setting, called as it is where it was set."""
    seen: set[str] = set()
    for detail in details:
        name = str(detail["loc"][0])
        if name in seen:
            continue
        seen.add(name)
        if detail["type"] == "extra_forbidden":
            yield unknown_name(name, "the name of a setting", name, ServiceOptions.model_fields)
            continue
        place, written = {
            "file": (name, f"{name}: {_example(name)}"),
            "environment": (f"${_variable(name)}", f"{_variable(name)}={_example(name)}"),
            "command": (f"--{name.replace('_', '-')}", f"--{name.replace('_', '-')} {_example(name)}"),
        }[source]
        rule = detail["msg"].removeprefix("Value error, ")
        # An address may hold a password.
        value = "another" if "@" in str(detail["input"]) else repr(detail["input"])
        yield Fault(place, rule[0].lower() + rule[1:], value, f"As in `{written}`.")


def _example(name: str) -> str:
    default = ServiceOptions.model_fields[name].default
    return str(default) if default is not None else EXAMPLES[name]


def _variable(name: str) -> str:
    return f"SWEEPS_{name.upper()}"


EXAMPLES = {
    "home": "/srv/sweeps",
    "data": "/srv/data",
    "tracking_uri": "http://mlflow:5000",
    "workers": "2",
    "notify": "https://hooks.example.org/sweeps",
    "notify_hosts": "hooks.example.org",
    "notify_secret_file": "/srv/sweeps/notify-secret",
}
"""Of settings that have no default."""
