"""`sweeps token`: what it answers, its JSON, its exit codes."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from sweeps.cli import app
from sweeps.service.tokens import Role, Tokens


def sweeps(home: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["token", *words, "--home", str(home)])


def answer(home: Path, *words: str, exit_code: int = 0) -> Any:
    result = sweeps(home, *words, "--json")
    assert result.exit_code == exit_code, result.output
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def test_a_token_is_created_listed_and_revoked(odd_path: Path) -> None:
    made = answer(odd_path, "create", "ci", "--role", "submit", "--project", "team-a", "--project", "team-b")
    token = Tokens.of(odd_path).verify(made["text"])
    assert token is not None
    assert (token.id, token.role, token.projects) == (made["id"], Role.SUBMIT, frozenset({"team-a", "team-b"}))
    (listed,) = answer(odd_path, "list")["tokens"]
    assert listed == {key: value for key, value in made.items() if key != "text"}
    assert answer(odd_path, "revoke", token.id)["revoked"]
    assert Tokens.of(odd_path).verify(made["text"]) is None


def test_people_get_the_text_alone_on_standard_output(odd_path: Path) -> None:
    made = sweeps(odd_path, "create", "ci")
    token = Tokens.of(odd_path).verify(made.stdout.strip())
    assert token is not None
    assert (token.role, token.projects) == (Role.READ, None)
    assert f"Token {token.id} may read in all projects." in made.stderr
    shown = sweeps(odd_path, "list").stdout
    assert token.id in shown
    assert made.stdout.strip() not in shown
    assert f"Token {token.id} (ci) is revoked." in sweeps(odd_path, "revoke", token.id).stdout


def test_what_cannot_be_is_refused(odd_path: Path) -> None:
    assert sweeps(odd_path, "create", "ci", "--role", "root").exit_code == 2
    assert "a project is" in answer(odd_path, "create", "ci", "--project", "../x", exit_code=2)["error"]
    assert "There are: none" in answer(odd_path, "revoke", "x", exit_code=2)["error"]
