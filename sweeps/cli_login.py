"""The commands `sweeps login` and `sweeps logout`; `add_commands` puts them on the command line."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from sweeps.cli_answers import JsonOption, errors_told, tell
from sweeps.errors import SweepError
from sweeps.logins import Logins, choose_token, is_on_this_machine, server_address

__all__ = ["add_commands"]

Server = Annotated[str, typer.Argument(metavar="URL", help="The service, as http://127.0.0.1:8000.")]
KnownServer = Annotated[str | None, typer.Argument(metavar="URL", help="The service. [the latest login]")]
StdinOption = Annotated[
    bool, typer.Option("--token-stdin", help="Read the token from standard input, even in a terminal.")
]

LONGEST_TOKEN = 1000


def add_commands(app: typer.Typer) -> None:
    """Add the commands to a command line."""
    app.command(epilog="Example: sweeps login http://127.0.0.1:8000 --token-stdin < token.txt")(login)
    app.command(epilog="Example: sweeps logout http://127.0.0.1:8000")(logout)


def login(server: Server, token_stdin: StdinOption = False, as_json: JsonOption = False) -> None:
    """Check a token at a service and keep it, readable by you alone; commands that need a service then ask this one."""
    with errors_told(as_json):
        from sweeps.client import Client

        address, logins = server_address(server), Logins.of_user()
        piped = token_stdin or not sys.stdin.isatty()
        given = sys.stdin.readline(LONGEST_TOKEN) if piped else _ask(address)
        token = choose_token(address, given.strip() or None, logins, environment={})
        with Client(address, token, patience_seconds=2) as client:
            next(client.sweeps(), None)  # refused without a good token
        logins.keep(address, token)
        said = f"Logged in to {address}. The token is in {logins.path}; `sweeps logout` forgets it."
        if address.startswith("http:") and not is_on_this_machine(address):
            said += "\nNothing encrypts the way there: who listens can take the token. Prefer an address with https."
        tell({"server": address, "kept_in": str(logins.path)}, as_json, lambda console: _say(console, said))


def logout(server: KnownServer = None, as_json: JsonOption = False) -> None:
    """Forget a service's token. It stays good: `sweeps token revoke` ends it."""
    with errors_told(as_json):
        logins = Logins.of_user()
        known = logins.read()
        address = server_address(server) if server else next(reversed(known), None)
        if address is None or not logins.forget(address):
            listed = ", ".join(known) or "none"
            raise SweepError(f"a logout is from a service with a login, but got {address}. There are: {listed}.")
        tell({"server": address}, as_json, lambda console: _say(console, f"Logged out of {address}."))


def _ask(address: str) -> str:
    token: str = typer.prompt(f"Token for {address}", hide_input=True, err=True)
    return token


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
