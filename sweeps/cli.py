"""The command line: `sweeps plan`, `run`, `export`, `list`, `show`, `dashboard`, `models`, `spaces`, `datasets`.

Imports neither torch, Ray nor MLflow before a command needs them; what is shown is laid out in `sweeps.cli_output`.
`train` and `sample` stand in `sweeps.cli_models`, `serve` in `sweeps.cli_service`, `token` in `sweeps.cli_tokens`,
`login` and `logout` in `sweeps.cli_login`; `submit`, `watch`, `logs` and what steers sweeps in `sweeps.cli_remote`.
"""

import json
import signal
import socket
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from sweeps import cli_login, cli_models, cli_output, cli_remote, cli_service, cli_tokens
from sweeps.catalogue import describe_datasets, describe_models, describe_spaces
from sweeps.cli_answers import INTERRUPTED, HomeOption, JsonOption, errors_told, tell, write_output
from sweeps.cli_server import ServerOption, asked_server, complete_sweep, summary_of, the_service
from sweeps.errors import SweepError
from sweeps.execution.storage import Home, SweepFiles
from sweeps.plan import make_plan
from sweeps.settings import Settings, available_cpus
from sweeps.spec_checks import load_spec
from sweeps.standing import find_sweep, summarise

if TYPE_CHECKING:
    from sweeps.record.local_server import Pages
    from sweeps.service.answers import PlanAnswer

__all__ = ["app"]

app = typer.Typer(
    help="Search the best hyperparameters of a generative model, proven by cross-validation.",
    epilog="Begin with: sweeps plan examples/digits-beta-vae.yaml",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


SpecPath = Annotated[Path, typer.Argument(metavar="SPEC", help="A YAML or JSON file.")]
SweepName = Annotated[
    str, typer.Argument(metavar="SWEEP", help="A sweep's id, or the beginning of it.", autocompletion=complete_sweep)
]
WorkersOption = Annotated[int | None, typer.Option("--workers", min=1, help="Evaluations at a time. [one a processor]")]
NameArgument = Annotated[str | None, typer.Argument(metavar="NAME", help="Show this one in full.")]


@app.command(epilog="Example: sweeps plan examples/digits-beta-vae.yaml --workers 2")
def plan(
    spec: SpecPath,
    home: HomeOption = None,
    server: ServerOption = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a sweep would do and cost; run nothing."""
    with errors_told(as_json):
        asked = asked_server(server, home)
        made = _planned_by(asked, spec, workers) if asked else _planned(spec, home, workers)
        tell(made.model_dump(mode="json"), as_json, lambda console: cli_output.show_plan(console, made))


@app.command(epilog="Example: sweeps run examples/digits-beta-vae.yaml --home my-sweeps --workers 2")
def run(spec: SpecPath, home: HomeOption = None, workers: WorkersOption = None, as_json: JsonOption = False) -> None:
    """Run a sweep, or continue one that was interrupted: same spec and home, same sweep."""
    with errors_told(as_json):
        checked, settings = load_spec(spec), Settings.read(home=home)
        from sweeps.driver import run_sweep  # seconds of imports that plans do without
        from sweeps.live_view import follow

        console = Console(stderr=True)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with follow(console, checked.objective) as watch:
            report = run_sweep(checked, settings, workers=workers or _workers(checked.resources.cpus), watch=watch)
        told = report.as_json() | {"preset": checked.preset}
        tell(told, as_json, lambda console: cli_output.show_report(console, report, spec, home))
        raise typer.Exit({"finished": 0, "failed": 1, "interrupted": INTERRUPTED}[report.state])


@app.command(epilog="Example: sweeps export digits-beta-vae -o best.yaml")
def export(
    sweep: SweepName,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where to write; else to the screen.")] = None,
    home: HomeOption = None,
    server: ServerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the best configuration of a finished sweep."""
    with errors_told(as_json):
        import yaml

        asked = asked_server(server, home)
        name, text = _best_at(asked, sweep) if asked else _best(home, sweep)
        shown = json.dumps(yaml.safe_load(text), indent=1) + "\n" if as_json else text
        if output is None:
            sys.stdout.write(shown)
        else:
            write_output(output, shown.encode())
            Console(stderr=True).print(f"{output} holds the best configuration of {name}.", soft_wrap=True)


@app.command("list", epilog="Example: sweeps list --json")
def list_(home: HomeOption = None, server: ServerOption = None, as_json: JsonOption = False) -> None:
    """List the sweeps of a home or a service with their state and champion."""
    with errors_told(as_json):
        if asked := asked_server(server, home):
            with the_service(asked) as client:
                where, sweeps = client.server, list(client.sweeps())
            told = {"server": where, "sweeps": [sweep.model_dump(mode="json") for sweep in sweeps]}
            summaries = list(map(summary_of, sweeps))
        else:
            place = Home(Settings.read(home=home).home)
            where, summaries = str(place.root), list(map(summarise, place.sweeps()))
            told = {"home": where, "sweeps": [summary.as_json() for summary in summaries]}
        tell(told, as_json, lambda console: cli_output.show_list(console, where, summaries, home=home, server=server))


@app.command(epilog="Example: sweeps show digits-beta-vae --json")
def show(sweep: SweepName, home: HomeOption = None, server: ServerOption = None, as_json: JsonOption = False) -> None:
    """Show a sweep with every evaluation."""
    with errors_told(as_json):
        if asked := asked_server(server, home):
            _show_of(asked, sweep, server, as_json)
            return
        files = find_sweep(Home(Settings.read(home=home).home), sweep)
        summary, results = summarise(files), list(files.results())
        shown = {**summary.as_json(), "evaluations": [cli_output.evaluation_json(result) for result in results]}
        tell(shown, as_json, lambda console: cli_output.show_sweep(console, summary, results, home=home))


@app.command(epilog="Example: sweeps dashboard digits-beta-vae --port 5000")
def dashboard(
    sweep: Annotated[str | None, typer.Argument(metavar="SWEEP", help="Open this sweep; else the latest.")] = None,
    home: HomeOption = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Show TensorBoard instead.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Start MLflow's pages on this machine and open the ready-made view of a sweep; Ctrl-C ends it."""
    with errors_told(as_json):
        settings = Settings.read(home=home)
        place = Home(settings.home)
        files = find_sweep(place, sweep) if sweep else _latest(place)
        _require_free(port)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with _pages(place, settings, files, port, tensorboard) as pages:
            told = {"url": pages.url, "sweep_id": files.sweep_id, "pid": pages.pid}
            shown_by = "TensorBoard" if tensorboard else "MLflow"
            tell(told, as_json, lambda console: cli_output.show_link(console, pages.url, shown_by))
            if browser:
                typer.launch(pages.url)
            pages.wait()


@app.command(epilog="Example: sweeps models beta_vae")
def models(name: NameArgument = None, as_json: JsonOption = False) -> None:
    """List the models, or show one with its hyperparameters."""
    with errors_told(as_json):
        described = describe_models(name)
        tell(described, as_json, lambda console: cli_output.show_models(console, described, name))


@app.command(epilog="Example: sweeps spaces beta_vae")
def spaces(name: NameArgument = None, as_json: JsonOption = False) -> None:
    """List the shipped search spaces, or show one with the source of each range."""
    with errors_told(as_json):
        described = describe_spaces(name)
        tell(described, as_json, lambda console: cli_output.show_spaces(console, described, name))


@app.command(epilog="Example: sweeps datasets mnist")
def datasets(name: NameArgument = None, as_json: JsonOption = False) -> None:
    """List the datasets, or show one."""
    with errors_told(as_json):
        described = describe_datasets(name)
        tell(described, as_json, lambda console: cli_output.show_datasets(console, described, name))


def _planned(spec: Path, home: Path | None, workers: int | None) -> "PlanAnswer":
    from sweeps.service.answers import PlanAnswer

    checked = load_spec(spec)
    earlier = Home(Settings.read(home=home).home).sweeps()
    return PlanAnswer.of(make_plan(checked, earlier, workers or _workers(checked.resources.cpus)))


def _planned_by(server: str, spec: Path, workers: int | None) -> "PlanAnswer":
    if workers is not None:
        raise SweepError(f"a service has its own workers, but got --workers {workers} for {server}. Leave it out.")
    with the_service(server) as client:
        return client.plan(spec)


def _best(home: Path | None, sweep: str) -> tuple[str, str]:
    """Return a sweep's id and its best.yaml."""
    files = find_sweep(Home(Settings.read(home=home).home), sweep)
    if not files.best.exists():
        raise SweepError(f"only a finished sweep has a champion, but {files.sweep_id} has not finished. Run it.")
    return files.sweep_id, files.best.read_text(encoding="utf-8")


def _best_at(server: str, sweep: str) -> tuple[str, str]:
    """Return a sweep's ref and its best.yaml."""
    with the_service(server) as client:
        ref = client.find(sweep).ref
        return ref, client.best_yaml(ref)


def _show_of(asked: str, sweep: str, server: str | None, as_json: bool) -> None:
    with the_service(asked) as client:
        found = client.find(sweep)
        results = list(client.evaluations(found.ref))
    shown = {**found.model_dump(mode="json"), "evaluations": [result.model_dump(mode="json") for result in results]}
    tell(shown, as_json, lambda c: cli_output.show_sweep(c, summary_of(found), results, server=server))


def _pages(
    place: Home, settings: Settings, files: SweepFiles, port: int, tensorboard: bool
) -> AbstractContextManager["Pages"]:
    if tensorboard:
        from sweeps.record.tensorboard_pages import serve_tensorboard

        return serve_tensorboard(files, port)
    from sweeps.record.pages import serve_pages

    return serve_pages(place, settings.tracking_uri, files.sweep_id, port)


def _workers(cpus: int) -> int:
    return max(1, available_cpus() // cpus)


def _require_free(port: int) -> None:
    """Refuse a port in use: whatever listens there might be taken for our own server."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # as servers do: the last one may just have ended
            probe.bind(("127.0.0.1", port))
    except OSError as error:
        rule = f"--port must be free on 127.0.0.1, but got {port}: {error.strerror}"
        raise SweepError(f"{rule}. Choose another, or leave it out to take a free one.") from error


def _latest(place: Home) -> Any:
    begun = [place.sweep(sweep_id) for sweep_id in place.sweep_ids()]
    if not begun:
        raise SweepError(f"a dashboard shows a sweep, but {place.root} has none. Run one, or choose another --home.")
    return max(begun, key=lambda files: files.spec.stat().st_mtime)


for part in (cli_models, cli_service, cli_remote, cli_login, cli_tokens):
    part.add_commands(app)

if __name__ == "__main__":
    app()
