"""`sweeps serve` as a user has it: one command, everything on loopback behind tokens and passwords, ended by Ctrl-C."""

import base64
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from sweeps.service.tokens import Tokens
from tests.end_to_end.sweep_process import descendants_of, wait_until


@contextmanager
def serving(home: Path) -> "Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]":
    """Run the command and yield it with what it printed; it is ended by Ctrl-C."""
    command = [sys.executable, "-m", "sweeps.cli", "serve", "--home", str(home), "--port", "0", "--json"]
    errors = home.parent / "errors"
    with errors.open("w") as stderr, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as run:
        assert run.stdout is not None
        line = run.stdout.readline()
        try:
            assert line, errors.read_text()
            yield run, json.loads(line)
        finally:
            run.send_signal(signal.SIGINT)
            run.wait(timeout=60)


def sweeps(*words: str, home: Path) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    command = [sys.executable, "-m", "sweeps.cli", *words, "--home", str(home), "--json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def open_pages(url: str, code: str) -> str:
    """Sign in as a browser does with a link's code, and return the heading of the page that follows."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    form = urllib.parse.urlencode({"code": code}).encode()
    with opener.open(urllib.request.Request(f"{url}/login", form, {"Origin": url}), timeout=60) as page:
        return str(page.read().decode().partition("<h1>")[2].partition("</h1>")[0])


def ask(url: str, authorization: str = "") -> tuple[int, str]:
    """Return status and text of an answer."""
    headers = {"Authorization": authorization} if authorization else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()


def command_lines() -> list[bytes]:
    """Return how every process was called, as anybody on the machine can see."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            found.append(path.read_bytes())
    return found


def is_mlflow(pid: int) -> bool:
    """Tell whether a process is the server that the service started, not one that this has started in turn."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return words[1:4] == [b"-m", b"mlflow", b"server"]


@pytest.mark.slow
def test_one_command_serves_everything_behind_secrets_and_leaves_no_server(odd_path: Path) -> None:
    home = odd_path / "100% home"
    with serving(home) as (run, told):
        bearer = f"Bearer {told['token']}"
        assert ask(f"{told['url']}/readyz")[0] == 401
        assert json.loads(ask(f"{told['url']}/readyz", bearer)[1])["checks"] == {
            "mlflow": "ok",
            "storage": "ok",
            "executor": "ok",
        }
        assert json.loads(ask(f"{told['url']}/api/v1/sweeps", bearer)[1]) == {"sweeps": [], "next": None}

        code = told["link"].removeprefix(f"{told['url']}/login#code=")
        assert json.loads(sweeps("open", "--no-browser", home=home).stdout)["link"].startswith(f"{told['url']}/login#")
        password = Path(told["mlflow_password_file"]).read_text()
        experiments = f"{told['mlflow']}/api/2.0/mlflow/experiments/search?max_results=1"
        assert ask(experiments)[0] == 401
        assert ask(experiments, basic("wrong"))[0] == 401
        assert ask(experiments, basic(password))[0] == 200

        second = sweeps("serve", "--port", "0", home=home)
        assert second.returncode == 2
        assert "one service serves a home at a time" in json.loads(second.stdout)["error"]

        (server,) = [pid for pid in descendants_of(run.pid) if is_mlflow(pid)]
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: ask(f"{told['url']}/readyz", bearer)[0] == 503)
        assert "is being started again" in ask(f"{told['url']}/readyz", bearer)[1]
        wait_until(lambda: ask(f"{told['url']}/readyz", bearer)[0] == 200)
        assert ask(experiments, basic(password))[0] == 200

        readable = [path for path in (home / "service").rglob("*") if path.is_file()]
        secrets = (told["token"].split("_", 2)[2], password, code)
        holders = {path.name for path in readable for secret in secrets if secret.encode() in path.read_bytes()}
        assert holders == {"mlflow-password"}
        assert (home / "service").stat().st_mode & 0o077 == 0
        assert not any(secret.encode() in line for secret in secrets for line in command_lines())
        assert open_pages(told["url"], code) == "All sweeps"
    assert run.returncode == 0
    with pytest.raises(urllib.error.URLError):
        ask(told["mlflow"])
    assert [token.name for token in Tokens.of(home).list()] == ["first administrator"]
