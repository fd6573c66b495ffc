"""The commands that submit, follow and steer sweeps of a service; `add_commands` puts them on the command line.

`watch` also follows a sweep of a home. What `list`, `show`, `export` and `plan` ask a service stands in `sweeps.cli`.
"""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from sweeps import cli_output
from sweeps.cli_answers import INTERRUPTED, HomeOption, JsonOption, errors_told, tell
from sweeps.cli_server import ServiceOption, asked_server, complete_ref, summary_of, the_service
from sweeps.execution.storage import Home
from sweeps.logins import Logins
from sweeps.settings import Settings
from sweeps.standing import Summary, find_sweep, summarise

if TYPE_CHECKING:
    from sweeps.client import Client
    from sweeps.service.answers import SweepAnswer
    from sweeps.watch import Scene

__all__ = ["add_commands"]

HIGHEST_PRIORITY = 1000

SpecPath = Annotated[Path, typer.Argument(metavar="SPEC", help="A YAML or JSON file.")]
Ref = Annotated[
    str,
    typer.Argument(
        metavar="SWEEP", help="A sweep as `list` names it, or the beginning of it.", autocompletion=complete_ref
    ),
]
WatchOption = Annotated[bool, typer.Option("--watch", help="Follow the sweep to its end.")]
ProjectOption = Annotated[
    str | None, typer.Option("--project", help="Where it belongs. [the token's only one, else default]")
]
PriorityOption = Annotated[
    int, typer.Option("--priority", min=-HIGHEST_PRIORITY, max=HIGHEST_PRIORITY, help="The higher, the sooner.")
]
PriorityArgument = Annotated[
    int,
    typer.Argument(
        metavar="N", min=-HIGHEST_PRIORITY, max=HIGHEST_PRIORITY, help="The higher, the sooner; 0 is usual."
    ),
]
LinesOption = Annotated[int, typer.Option("-n", "--lines", min=1, max=10_000, help="The last so many.")]
FollowOption = Annotated[bool, typer.Option("-f", "--follow", help="Go on with what is added, until it rests.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to a command line."""
    app.command(epilog="Example: sweeps submit examples/digits-beta-vae.yaml --watch")(submit)
    app.command(epilog="Example: sweeps watch digits-beta-vae")(watch)
    app.command(epilog="Example: sweeps logs digits-beta-vae -f")(logs)
    app.command(epilog="Example: sweeps pause digits-beta-vae")(pause)
    app.command(epilog="Example: sweeps resume digits-beta-vae")(resume)
    app.command(epilog="Example: sweeps cancel digits-beta-vae --json")(cancel)
    below_zero = {"ignore_unknown_options": True}  # -5 is a number here
    app.command(epilog="Example: sweeps priority digits-beta-vae 5", context_settings=below_zero)(priority)


def submit(
    spec: SpecPath,
    watch: WatchOption = False,
    project: ProjectOption = None,
    priority: PriorityOption = 0,
    server: ServiceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a service run a sweep; the same spec is the same sweep, however often it is submitted."""
    with errors_told(as_json), the_service(server) as client:
        submitted = client.submit(spec, project=project, priority=priority)
        if watch:
            _watch_service(submitted.sweep, server, as_json)
        shown = submitted.model_dump(mode="json")
        tell(shown, as_json, lambda console: cli_output.show_submitted(console, submitted, server))


def watch(sweep: Ref, server: ServiceOption = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Follow a sweep of a service or of a home until it rests; Ctrl-C leaves it running."""
    with errors_told(as_json):
        asked = asked_server(server, home)
        if asked or (home is None and Logins.of_user().read()):
            with the_service(asked) as client:
                found = client.find(sweep)
            _watch_service(found, server, as_json)
        _watch_home(sweep, home, as_json)


def logs(
    sweep: Ref,
    follow: FollowOption = False,
    lines: LinesOption = 100,
    server: ServiceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a sweep's process said last."""
    with errors_told(as_json), the_service(server) as client:
        ref = client.find(sweep).ref
        said = client.logs(ref, lines=lines, follow=follow)
        if as_json:
            tell({"ref": ref, "lines": list(said)}, as_json, lambda _: None)
            return
        for line in said:
            sys.stdout.write(_harmless(line) + "\n")
            sys.stdout.flush()


def pause(sweep: Ref, server: ServiceOption = None, as_json: JsonOption = False) -> None:
    """Stop a sweep for now; nothing that has a result is lost."""
    _steer(sweep, server, as_json, lambda client: client.pause)


def resume(sweep: Ref, server: ServiceOption = None, as_json: JsonOption = False) -> None:
    """Have a sweep go on where it stopped, with the same bits as if it never had."""
    _steer(sweep, server, as_json, lambda client: client.resume)


def cancel(sweep: Ref, server: ServiceOption = None, as_json: JsonOption = False) -> None:
    """End a sweep early; its record and the best so far stay."""
    _steer(sweep, server, as_json, lambda client: client.cancel)


def priority(sweep: Ref, n: PriorityArgument, server: ServiceOption = None, as_json: JsonOption = False) -> None:
    """Say how soon a sweep that waits is started; what runs goes on."""
    _steer(sweep, server, as_json, lambda client: lambda ref: client.set_priority(ref, n))


def _steer(
    name: str, server: str | None, as_json: bool, verb: Callable[["Client"], Callable[[str], "SweepAnswer"]]
) -> None:
    with errors_told(as_json), the_service(server) as client:
        sweep = verb(client)(client.find(name).ref)
        tell(sweep.model_dump(mode="json"), as_json, lambda console: cli_output.show_state(console, summary_of(sweep)))


def _watch_service(sweep: "SweepAnswer", server: str | None, as_json: bool) -> None:
    """Follow a sweep of a service, tell how it ended, and exit."""
    from sweeps.watch import ServiceScene

    with the_service(server, patient=True) as client:

        def end() -> tuple[Summary, dict[str, Any]]:
            ended = client.sweep(sweep.ref)
            return summary_of(ended), ended.model_dump(mode="json", exclude={"spec"})

        _watch(ServiceScene(client, sweep.ref), summary_of(sweep), end, as_json, server=server)


def _watch_home(name: str, home: Path | None, as_json: bool) -> None:
    """Follow a sweep of a home, tell how it ended, and exit."""
    from sweeps.watch import HomeScene

    files = find_sweep(Home(Settings.read(home=home).home), name)

    def end() -> tuple[Summary, dict[str, Any]]:
        summary = summarise(files)
        return summary, summary.as_json()

    _watch(HomeScene(files), summarise(files), end, as_json, home=home)


def _watch(
    scene: "Scene",
    summary: Summary,
    end: Callable[[], tuple[Summary, dict[str, Any]]],
    as_json: bool,
    *,
    home: Path | None = None,
    server: str | None = None,
) -> None:
    from sweeps import live_view
    from sweeps.watch import watch as follow

    console = Console(stderr=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with live_view.follow(console, summary.objective) as show:
            follow(scene, summary.sweep_id, show)
    except KeyboardInterrupt as interrupt:
        cli_output.show_unwatched(console, summary.sweep_id, home=home, server=server)
        raise typer.Exit(INTERRUPTED) from interrupt
    ended, shown = end()
    tell(shown, as_json, lambda console: cli_output.show_end(console, ended, home=home, server=server))
    raise typer.Exit(0 if ended.state == "finished" else 1)


def _harmless(line: str) -> str:
    """Return a line of a log without what would steer the terminal."""
    return "".join(character for character in line if character.isprintable() or character == "\t")
