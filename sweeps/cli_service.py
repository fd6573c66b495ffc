"""The command that runs the service: `sweeps serve`."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sweeps.cli_answers import HomeOption, JsonOption, errors_told, tell
from sweeps.settings import Settings

if TYPE_CHECKING:
    from sweeps.service.serve import Started

__all__ = ["add_commands"]

PortOption = Annotated[int, typer.Option("--port", min=0, max=65_535, help="Of the API, on 127.0.0.1; 0: a free one.")]
MlflowPortOption = Annotated[
    int, typer.Option("--mlflow-port", min=0, max=65_535, help="Of MLflow's pages, on 127.0.0.1; 0: a free one.")
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="Evaluations at a time of each sweep. [one a processor]")
]
RunningOption = Annotated[int, typer.Option("--max-running", min=1, help="Sweeps at a time; others wait.")]


def add_commands(app: typer.Typer) -> None:
    """Add the command to a command line."""
    app.command(epilog="Example: sweeps serve --home my-sweeps --max-running 2")(serve)


def serve(
    home: HomeOption = None,
    port: PortOption = 8000,
    workers: WorkersOption = None,
    max_running: RunningOption = 1,
    mlflow_port: MlflowPortOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Serve sweeps over HTTP on this machine, with MLflow's pages; Ctrl-C ends the service, not what runs."""
    with errors_told(as_json):
        settings = Settings.read(home=home)
        from sweeps.service import serve as service  # a second of imports that other commands do without

        def begun(started: "Started") -> None:
            tell(started.as_json(), as_json, lambda console: _show(console, started))

        ports = service.Ports(api=port, mlflow=mlflow_port)
        left = service.serve(settings, ports, workers=workers, max_running=max_running, tell=begun)
        said = f"The service has ended. Sweeps that go on running: {left}; `sweeps serve` finds them again."
        Console(stderr=True).print(said, markup=False, highlight=False, soft_wrap=True)


def _show(console: Console, started: "Started") -> None:
    lines = [f"API: {started.url}/api/v1 (Authorization: Bearer TOKEN)"]
    if started.token:
        lines += [f"Your token, shown this once: {started.token}"]
    if started.mlflow:
        lines += [f"MLflow: {started.mlflow} (user admin, password in {started.mlflow_password_file})"]
    console.print("\n".join([*lines, "Ctrl-C ends the service; sweeps that run go on."]), markup=False, soft_wrap=True)
