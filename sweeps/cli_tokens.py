"""The commands about tokens: `sweeps token create`, `list` and `revoke`."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from sweeps.cli_answers import HomeOption, JsonOption, errors_told, tell
from sweeps.service.tokens import Role, Token, Tokens
from sweeps.settings import Settings

__all__ = ["add_commands"]

TokenName = Annotated[str, typer.Argument(metavar="NAME", help="Whose it is, or what for.")]
TokenId = Annotated[str, typer.Argument(metavar="ID", help="As `sweeps token list` shows it.")]
RoleOption = Annotated[Role, typer.Option("--role", help="read; submit: also start and steer; admin: everything.")]
ProjectOption = Annotated[
    list[str] | None, typer.Option("--project", help="A project it is limited to; may be given again. [all]")
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to a command line."""
    token = typer.Typer(help="Tokens for the service: who may read, submit and administer.", no_args_is_help=True)
    token.command(epilog="Example: sweeps token create ci-runner --role submit --project team-a")(create)
    token.command("list", epilog="Example: sweeps token list --json")(list_)
    token.command(epilog="Example: sweeps token revoke 0123456789ab")(revoke)
    app.add_typer(token, name="token")


def create(
    name: TokenName,
    role: RoleOption = Role.READ,
    project: ProjectOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token and show it, once: only its hash is kept."""
    with errors_told(as_json):
        token, text = Tokens.of(Settings.read(home=home).home).create(name, role, project or None)
        tell({**token.as_json(), "text": text}, as_json, lambda console: _show_new(console, token, text))


def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the tokens, without their secrets."""
    with errors_told(as_json):
        known = Tokens.of(Settings.read(home=home).home).list()
        tell({"tokens": [token.as_json() for token in known]}, as_json, lambda console: _show(console, known))


def revoke(token: TokenId, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Make a token worthless, from the next request on."""
    with errors_told(as_json):
        revoked = Tokens.of(Settings.read(home=home).home).revoke(token)
        said = f"Token {revoked.id} ({revoked.name}) is revoked."
        tell(revoked.as_json(), as_json, lambda console: console.print(said, markup=False, highlight=False))


def _show_new(console: Console, token: Token, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    note = f"Token {token.id} may {token.role} in {_projects(token)}. It is not shown again: keep it as a password."
    Console(stderr=True).print(note, markup=False, highlight=False, soft_wrap=True)


def _show(console: Console, known: Sequence[Token]) -> None:
    table = Table("id", "name", "role", "projects", "created", "", box=None, pad_edge=False, header_style="bold")
    for token in known:
        state = "revoked" if token.revoked else ""
        table.add_row(token.id, token.name, token.role, _projects(token), token.created, state)
    console.print(table)


def _projects(token: Token) -> str:
    return "all projects" if token.projects is None else ", ".join(sorted(token.projects))
