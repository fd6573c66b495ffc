"""How commands name a service, and how its answers become what commands show of a home."""

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sweeps.errors import SweepError
from sweeps.execution.storage import Home
from sweeps.settings import Settings
from sweeps.standing import Summary

if TYPE_CHECKING:
    from sweeps.client import Client
    from sweeps.service.answers import SweepAnswer

__all__ = [
    "ServerOption",
    "ServiceOption",
    "asked_server",
    "complete_ref",
    "complete_sweep",
    "summary_of",
    "the_service",
]

PATIENCE_SECONDS = 2.0
"""Of a command that people wait for."""

LONG_PATIENCE_SECONDS = 60.0
"""Of a command that follows a sweep: the service may be started anew meanwhile."""

COMPLETION_SECONDS = 1.0
"""Of a shell that completes a name: nobody waits longer for that."""

MOST_COMPLETIONS = 200

ServerOption = Annotated[
    str | None, typer.Option("--server", metavar="URL", help="Ask this service instead of a home. [$SWEEPS_SERVER]")
]

ServiceOption = Annotated[
    str | None, typer.Option("--server", metavar="URL", help="The service. [$SWEEPS_SERVER or the latest login]")
]


def asked_server(server: str | None, home: Path | None) -> str | None:
    """Return the service that a command is to ask instead of a home, or None.

    Raises:
        SweepError: Both were given.
    """
    if server and home:
        raise SweepError("sweeps are in a home or at a service, but got both --home and --server. Leave one out.")
    return server or (None if home else os.environ.get("SWEEPS_SERVER")) or None


def the_service(server: str | None, *, patient: bool = False) -> "Client":
    """Return a client of the service that is meant: the one given, else `$SWEEPS_SERVER`, else the latest login.

    Raises:
        SweepError: There is none, or no token for it.
    """
    from sweeps.client import Client

    return Client(server, patience_seconds=LONG_PATIENCE_SECONDS if patient else PATIENCE_SECONDS)


def complete_sweep(context: typer.Context, incomplete: str) -> list[str]:
    """Return the sweeps that a word may become, of the home or of the service that the command is to ask."""
    home: Path | None = context.params.get("home")
    try:
        asked = asked_server(context.params.get("server"), home)
        known = _refs(asked) if asked else Home(Settings.read(home=home).home).sweep_ids()
    except SweepError:  # a shell that asks wants no errors
        return []
    return [sweep for sweep in known if sweep.startswith(incomplete)]


def complete_ref(context: typer.Context, incomplete: str) -> list[str]:
    """Return the sweeps that a word may become, of the service that is meant; of a home if one is given."""
    if context.params.get("home"):
        return complete_sweep(context, incomplete)
    try:
        known = _refs(context.params.get("server"))
    except SweepError:
        return []
    return [ref for ref in known if ref.startswith(incomplete)]


def summary_of(sweep: "SweepAnswer") -> Summary:
    """Return a service's answer about a sweep as a home's."""
    return Summary(
        sweep_id=sweep.ref,
        state=sweep.state,
        model=sweep.model,
        dataset=sweep.dataset,
        objective=sweep.objective,
        evaluations=sweep.evaluations,
        planned=sweep.planned,
        champion=sweep.champion.model_dump() if sweep.champion else None,
        why=sweep.why,
        folder="",
    )


def _refs(server: str | None) -> list[str]:
    """Return the latest sweeps of a service, or raise within a second."""
    from sweeps.client import Client

    with Client(server, patience_seconds=0, timeout_seconds=COMPLETION_SECONDS) as client:
        return [sweep.ref for sweep in islice(client.sweeps(), MOST_COMPLETIONS)]
