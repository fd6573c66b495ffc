"""The commands that run the service and open its pages: `sweeps serve` and `sweeps open`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sweeps.cli_answers import HomeOption, JsonOption, errors_told, tell
from sweeps.service.links import MINUTES, page_of
from sweeps.settings import Settings

if TYPE_CHECKING:
    from sweeps.service.serve import Started

__all__ = ["add_commands"]

SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", help="A YAML file with any of these by name, as max_running: 2. [$SWEEPS_SETTINGS]"),
]
HostOption = Annotated[
    str | None,
    typer.Option("--host", help="Where the API is; elsewhere, put TLS in front. [$SWEEPS_HOST or 127.0.0.1]"),
]
PortOption = Annotated[int | None, typer.Option("--port", help="Of the API; 0: a free one. [$SWEEPS_PORT or 8000]")]
MlflowPortOption = Annotated[
    int | None,
    typer.Option("--mlflow-port", help="Of MLflow's pages, on 127.0.0.1; 0: a free one. [$SWEEPS_MLFLOW_PORT or 0]"),
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", help="Evaluations at a time of each sweep. [$SWEEPS_WORKERS or one a processor]"),
]
RunningOption = Annotated[
    int | None, typer.Option("--max-running", help="Sweeps at a time; others wait. [$SWEEPS_MAX_RUNNING or 1]")
]
AttemptsOption = Annotated[
    int | None,
    typer.Option("--attempts", help="Without a new result, after which a sweep is given up. [$SWEEPS_ATTEMPTS or 3]"),
]
ExecutorOption = Annotated[
    str | None,
    typer.Option("--executor", metavar="local|ray", help="Where sweeps run. [$SWEEPS_EXECUTOR or local]"),
]
RayAddressOption = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        metavar="URL",
        help="Of Ray's dashboard; its token is in $RAY_AUTH_TOKEN or the file $RAY_AUTH_TOKEN_PATH. "
        "[$SWEEPS_RAY_ADDRESS or http://127.0.0.1:8265]",
    ),
]
RayPythonOption = Annotated[
    str | None,
    typer.Option("--ray-python", help="The Python with Sweeps, where Ray's head is. [$SWEEPS_RAY_PYTHON or python]"),
]
BodyOption = Annotated[
    int | None, typer.Option("--body-bytes", help="Of one request, at most. [$SWEEPS_BODY_BYTES or 1048576]")
]
RateOption = Annotated[
    float | None,
    typer.Option("--requests-per-second", help="Of one token, on average. [$SWEEPS_REQUESTS_PER_SECOND or 50]"),
]
BurstOption = Annotated[
    int | None, typer.Option("--burst", help="Requests of one token at once. [$SWEEPS_BURST or 200]")
]
NotifyOption = Annotated[
    str | None,
    typer.Option("--notify", metavar="URLS", help="Told of every sweep, with commas between them. [$SWEEPS_NOTIFY]"),
]
NotifyHostsOption = Annotated[
    str | None,
    typer.Option("--notify-hosts", metavar="HOSTS", help="Where webhooks may go. [$SWEEPS_NOTIFY_HOSTS or nowhere]"),
]
NotifySecretOption = Annotated[
    Path | None,
    typer.Option("--notify-secret-file", help="What webhooks are signed with. [$SWEEPS_NOTIFY_SECRET_FILE]"),
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to a command line."""
    app.command(epilog="Example: sweeps serve --home my-sweeps --max-running 2")(serve)
    app.command("open", epilog="Example: sweeps open --no-browser")(open_)


def serve(  # noqa: PLR0913, PLR0917  # a parameter an option
    home: HomeOption = None,
    settings: SettingsOption = None,
    host: HostOption = None,
    port: PortOption = None,
    mlflow_port: MlflowPortOption = None,
    workers: WorkersOption = None,
    max_running: RunningOption = None,
    attempts: AttemptsOption = None,
    executor: ExecutorOption = None,
    ray_address: RayAddressOption = None,
    ray_python: RayPythonOption = None,
    body_bytes: BodyOption = None,
    requests_per_second: RateOption = None,
    burst: BurstOption = None,
    notify: NotifyOption = None,
    notify_hosts: NotifyHostsOption = None,
    notify_secret_file: NotifySecretOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve sweeps over HTTP, with MLflow's pages; Ctrl-C ends the service, not what runs.

    Options go before the environment, the environment before the file of --settings.
    """
    given = {name: value for name, value in locals().items() if name not in ("settings", "as_json")}
    with errors_told(as_json):
        from sweeps.service import serve as service  # a second of imports that other commands do without
        from sweeps.service.options import LOOPBACK, read_options

        def begun(started: "Started") -> None:
            tell(started.as_json(), as_json, lambda console: _show(console, started))

        options = read_options(given, settings)
        if options.host != LOOPBACK:
            said = f"The API is on {options.host} in plain HTTP, where tokens can be read: put TLS in front."
            Console(stderr=True).print(said, style="yellow", markup=False, highlight=False, soft_wrap=True)
        left = service.serve(options, tell=begun)
        said = f"The service has ended. Sweeps that go on running: {left}; `sweeps serve` finds them again."
        Console(stderr=True).print(said, markup=False, highlight=False, soft_wrap=True)


def open_(
    home: HomeOption = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the link in a browser.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Open the pages of the service that runs on this machine, signed in; each link is good once."""
    with errors_told(as_json):
        settings = Settings.read(home=home)
        from sweeps.service.address import new_link  # as above

        link = new_link(settings.home)
        said = f"{link} (good once, for {MINUTES} minutes)"
        tell({"link": link}, as_json, lambda console: console.print(said, markup=False, soft_wrap=True))
        if browser:
            typer.launch(page_of(link, settings.home / "service").resolve().as_uri())


def _show(console: Console, started: "Started") -> None:
    lines = [f"Pages: {started.link} (good once, for {MINUTES} minutes)"]
    lines += [f"API: {started.url}/api/v1 (Authorization: Bearer TOKEN)"]
    if started.token:
        lines += [f"Your token, shown this once: {started.token}"]
    if started.mlflow:
        lines += [f"MLflow: {started.mlflow} (user admin, password in {started.mlflow_password_file})"]
    console.print("\n".join([*lines, "Ctrl-C ends the service; sweeps that run go on."]), markup=False, soft_wrap=True)
