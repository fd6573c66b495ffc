"""`sweeps open`: a new link to the service that runs, and nothing of it on a command line."""

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import typer
from typer.testing import CliRunner

from sweeps.cli import app
from sweeps.execution.lease import take_lock
from sweeps.service.links import Links
from sweeps.service.tokens import Role, Tokens


def test_a_browser_is_led_to_a_new_link_by_a_file(odd_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(typer, "launch", opened.append)
    tokens = Tokens.of(odd_path)
    administrator, _ = tokens.create("first", Role.ADMIN)
    lock = take_lock(odd_path / "service" / "service.lock")
    assert lock is not None
    with lock:
        (odd_path / "service" / "address").write_text("http://127.0.0.1:8000")
        result = CliRunner().invoke(app, ["open", "--home", str(odd_path), "--json"])
    assert result.exit_code == 0, result.output
    link = json.loads(result.stdout)["link"]
    address, _, code = link.partition("#code=")
    (uri,) = opened
    assert code not in uri and link in Path(unquote(urlsplit(uri).path)).read_text()
    assert (address, Links.of(tokens).use(code)) == ("http://127.0.0.1:8000/login", administrator)


def test_without_a_service_there_is_no_link(odd_path: Path) -> None:
    result = CliRunner().invoke(app, ["open", "--home", str(odd_path), "--json"])
    assert result.exit_code == 2
    assert "Start it: sweeps serve" in json.loads(result.stdout)["error"]
    assert not Tokens.of(odd_path).folder.exists()
