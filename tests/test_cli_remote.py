"""Commands that ask a service: the real app on loopback, what they answer, and their exit codes."""

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from sweeps.cli import app
from sweeps.execution.storage import Home
from sweeps.logins import Logins
from sweeps.record.export import read_best
from sweeps.service.tokens import Role
from sweeps.watch import ServiceScene, Sight
from tests.command_line import answer, sweeps
from tests.running_service import Running, serve
from tests.sweep_on_disk import RAW, begin, finish, small_spec

HEAVY = {"torch", "ray", "mlflow", "pytorch_lightning", "sklearn", "hyperopt", "matplotlib", "fastapi"}

IMPORTS = """
import json
import sys
from typer.testing import CliRunner
from sweeps.cli import app
for words in json.loads(sys.argv[1]):
    print(CliRunner().invoke(app, words).exit_code)
print(*sorted(name for name in sys.modules if "." not in name))
"""

SETTINGS = ("SWEEPS_SERVER", "SWEEPS_TOKEN", "SWEEPS_HOME")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(autouse=True)
def logins(odd_path: Path, monkeypatch: pytest.MonkeyPatch) -> Logins:
    """A user without settings and logins."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(odd_path))
    monkeypatch.chdir(odd_path)
    return Logins.of_user()


@pytest.fixture
def signed_in(service: Running, logins: Logins) -> str:
    """A user with a token that may submit; returns the token."""
    token = service.token()
    logins.keep(service.url, token)
    return token


def flat(result: Result) -> str:
    return " ".join(result.output.split())


@pytest.mark.parametrize("words", [["--token-stdin"], []], ids=["as told", "without a terminal"])
def test_login_checks_the_token_and_keeps_it_for_its_owner_alone(
    words: list[str], service: Running, logins: Logins
) -> None:
    token = service.token(Role.READ)
    told = answer("login", f"{service.url}/", *words, stdin=f"{token}\n")
    assert told == {"server": service.url, "kept_in": str(logins.path)}
    assert logins.read() == {service.url: token}
    assert stat.S_IMODE(logins.path.stat().st_mode) == 0o600
    typed = sweeps("login", service.url, stdin=f"{token}\n")
    assert (typed.exit_code, token in typed.output) == (0, False)
    assert answer("logout") == {"server": service.url}
    assert logins.read() == {}
    assert "There are: none" in answer("logout", exit_code=2)["error"]
    assert service.tokens.verify(token) is not None


def test_a_token_that_is_not_good_is_not_kept(service: Running, logins: Logins) -> None:
    bad = f"swp_{'0' * 12}_{'x' * 43}"
    told = answer("login", service.url, "--token-stdin", stdin=bad, exit_code=2)["error"]
    assert told.startswith(f"the token must be good at {service.url}, but is not")
    assert bad not in told
    assert "begins with swp_" in answer("login", service.url, "--token-stdin", stdin="x", exit_code=2)["error"]
    assert "needs a token" in answer("login", service.url, "--token-stdin", stdin="", exit_code=2)["error"]
    assert not logins.path.exists()


def test_submit_answers_with_the_sweep_and_its_plan(service: Running, signed_in: str, spec_path: Path) -> None:
    told = answer("submit", spec_path, "--priority", "5", "--project", "team")
    ref = f"team~{small_spec().sweep_id}"
    assert (told["sweep"]["ref"], told["sweep"]["priority"], told["sweep"]["state"]) == (ref, 5, "queued")
    assert told["plan"]["evaluations"] == 6
    assert service.board.view(ref).priority == 5
    text = sweeps("submit", spec_path, "--project", "team", "--server", service.url)
    assert text.exit_code == 0
    assert f"{ref}: queued, 5 trials, 6 evaluations, about" in text.stdout
    assert f"watch {ref} --server {service.url}" in text.stdout.replace("'", "")
    assert answer("submit", spec_path, "--project", "team") == told


def test_every_fault_of_a_spec_is_told_with_its_place(signed_in: str, spec_path: Path) -> None:
    spec_path.write_text(yaml.safe_dump({**RAW, "modle": "x", "folds": 1}))
    told = answer("submit", spec_path, exit_code=2)
    assert told["error"] == f"{spec_path} is not a valid spec"
    assert {fault["path"] for fault in told["faults"]} == {"modle", "folds"}
    assert told == answer("plan", spec_path, exit_code=2)


@pytest.mark.parametrize(
    "words",
    [["submit", "SPEC"], ["logs", "x"], ["pause", "x"], ["resume", "x"], ["cancel", "x"], ["priority", "x", "1"]],
)
def test_without_a_service_it_is_said_how_to_get_one(words: list[str], spec_path: Path) -> None:
    told = answer(*[str(spec_path) if word == "SPEC" else word for word in words], exit_code=2)["error"]
    assert "`sweeps serve`" in told
    assert "`sweeps login URL`" in told


def test_a_service_that_is_away_and_a_missing_token_are_told(spec_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setattr("sweeps.cli_server.PATIENCE_SECONDS", 0)
    assert f"{url} needs a token" in answer("list", "--server", url, exit_code=2)["error"]
    monkeypatch.setenv("SWEEPS_TOKEN", f"swp_{'0' * 12}_{'x' * 43}")
    told = answer("submit", spec_path, "--server", url, exit_code=2)["error"]
    assert told.startswith(f"a service must answer at {url}, but none does")
    assert "xxx" not in told


def test_list_show_and_export_answer_the_same_of_a_service_as_of_its_home(
    service: Running, signed_in: str, monkeypatch: pytest.MonkeyPatch, odd_path: Path
) -> None:
    spec = small_spec(name="both")
    service.add_finished(spec)
    home = ["--home", str(service.root)]
    monkeypatch.setenv("SWEEPS_SERVER", service.url)
    there, here = answer("show", "both"), answer("show", "both", *home)
    same = ("sweep_id", "state", "model", "dataset", "objective", "planned", "champion")
    assert [there[key] for key in same] == [here[key] for key in same]
    for known, told in zip(here["evaluations"], there["evaluations"], strict=True):
        assert {key: told[key] for key in known if key != "scores"} == {
            key: known[key] for key in known if key != "scores"
        }
    assert sweeps("show", "both").stdout.splitlines()[:-1] == sweeps("show", "both", *home).stdout.splitlines()[:-1]
    listed = answer("list")
    assert listed["server"] == service.url
    assert spec.sweep_id in {sweep["ref"] for sweep in listed["sweeps"]}
    assert f"sweeps in {service.url}" in flat(sweeps("list"))
    assert sweeps("export", "both").stdout == sweeps("export", "both", *home).stdout
    assert sweeps("export", "both", "-o", odd_path / "best.yaml").exit_code == 0
    assert read_best(odd_path / "best.yaml") == read_best(service.files(spec).best)


def test_plan_is_the_services(service: Running, signed_in: str, spec_path: Path) -> None:
    told = answer("plan", spec_path, "--server", service.url)
    here = answer("plan", spec_path, "--workers", "2", "--home", service.root / "none")
    assert {key: told[key] for key in told if key[:8] != "estimate"} == {
        key: here[key] for key in here if key[:8] != "estimate"
    }
    assert "Nothing was started." in sweeps("plan", spec_path, "--server", service.url).stdout
    refused = answer("plan", spec_path, "--server", service.url, "--workers", "2", exit_code=2)["error"]
    assert refused.startswith("a service has its own workers, but got --workers 2")


@pytest.mark.parametrize("command", [["list"], ["show", "x"], ["export", "x"], ["watch", "x"]])
def test_a_home_and_a_service_at_once_are_refused(command: list[str], service: Running) -> None:
    told = answer(*command, "--home", "h", "--server", service.url, exit_code=2)["error"]
    assert told == "sweeps are in a home or at a service, but got both --home and --server. Leave one out."


def test_a_login_alone_does_not_take_commands_away_from_the_home(
    signed_in: str, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(home, small_spec(), evaluations=1)
    monkeypatch.setenv("SWEEPS_HOME", str(home.root))
    assert answer("list")["home"] == str(home.root)
    assert answer("show", "small")["evaluations"][0]["trial"] == 0


def test_sweeps_are_steered_by_the_beginning_of_their_name(service: Running, signed_in: str) -> None:
    ref = service.add(small_spec(name="steered"))
    assert answer("pause", "steer")["state"] == "paused"
    assert answer("resume", ref)["state"] == "queued"
    assert f"{ref}: cancelled, beta_vae on digits, 0 of 6 evaluations" in sweeps("cancel", "steered").stdout
    assert "but got 'steeds'" in answer("cancel", "steeds", exit_code=2)["error"]
    service.board.stand(ref, state="finished")
    assert "must not have finished" in answer("pause", "steered", exit_code=2)["error"]


def test_the_priority_of_a_sweep_is_a_number_below_zero_too(service: Running, signed_in: str) -> None:
    ref = service.add(small_spec(name="hurried"))
    assert answer("priority", "hurried", "7")["priority"] == 7
    assert answer("priority", ref, "-5", "--server", service.url)["priority"] == -5
    assert service.board.view(ref).priority == -5
    assert f"{ref}: queued" in sweeps("priority", "hurried", "0").stdout
    assert sweeps("priority", "hurried", "1001").exit_code == 2


def completed(words: str, **environment: str) -> list[str]:
    """Return what a shell is told that the last word of a command line may become."""
    asked = {"_SWEEPS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    result = CliRunner().invoke(app, prog_name="sweeps", env=asked | environment)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.split()


def test_the_shell_completes_the_sweeps_of_the_service_that_is_meant(
    service: Running, signed_in: str, home: Home
) -> None:
    refs = [service.add(small_spec(name=name)) for name in ("complete-a", "complete-b")]
    refs += [service.add(small_spec(name="complete-a"), "team")]
    begin(home, small_spec(name="complete-here"), evaluations=0)
    for verb in ("pause", "resume", "cancel", "logs", "watch"):
        assert sorted(completed(f"sweeps {verb} compl")) == sorted(refs[:2])
    assert completed("sweeps priority team~c") == refs[2:]
    assert sorted(completed("sweeps show compl", SWEEPS_SERVER=service.url)) == sorted(refs[:2])
    assert completed("sweeps show compl", SWEEPS_HOME=str(home.root)) == [small_spec(name="complete-here").sweep_id]
    assert completed(f"sweeps watch --home {home.root.parent.name} compl") == []


def test_a_shell_that_completes_hears_nothing_of_a_service_that_is_away(logins: Logins) -> None:
    """One listens and never answers; then nobody listens; then there is no login."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        logins.keep(url, f"swp_{'0' * 12}_{'x' * 43}")
        assert completed("sweeps pause compl") == []
    assert completed("sweeps pause compl") == []
    logins.forget(url)
    assert completed("sweeps pause compl") == []


def test_a_reader_may_look_but_not_steer(service: Running, logins: Logins) -> None:
    ref = service.add(small_spec(name="readable"))
    logins.keep(service.url, service.token(Role.READ))
    assert answer("show", "readable", "--server", service.url)["ref"] == ref
    assert "the role must be submit or higher" in answer("cancel", "readable", exit_code=2)["error"]
    assert service.board.view(ref).state == "queued"


def test_logs_are_shown_without_what_would_steer_the_terminal(service: Running, signed_in: str) -> None:
    spec = small_spec(name="logged")
    ref = service.add(spec)
    service.say(spec, "one\n\x1b[31mtwo\x07\n\tthrée\n")
    assert sweeps("logs", "logged", "-n", "2").stdout == "[31mtwo\n\tthrée\n"
    assert answer("logs", "logged")["lines"] == ["one", "\x1b[31mtwo\x07", "\tthrée"]
    service.board.stand(ref, state="failed")
    assert sweeps("logs", "logged", "-f").stdout.startswith("one\n")


@pytest.mark.parametrize(
    ("state", "exit_code", "said"),
    [
        ("finished", 0, "Champion of STATE: trial 0"),
        ("failed", 1, "Sweep STATE is failed: out of luck."),
        ("cancelled", 1, "Sweep STATE is cancelled"),
        ("paused", 1, "resume STATE"),
    ],
)
def test_watch_ends_with_the_sweep_and_its_exit_code(
    service: Running, signed_in: str, state: str, exit_code: int, said: str
) -> None:
    spec = small_spec(name=f"watched-{state}")
    ref = service.add_finished(spec)
    if state != "finished":
        service.board.stand(ref, state=state, why="out of luck" if state == "failed" else "", champion=None)
    told = answer("watch", ref, exit_code=exit_code)
    assert (told["ref"], told["state"], "spec" in told) == (ref, state, False)
    text = sweeps("watch", ref)
    assert text.exit_code == exit_code
    assert said.replace("STATE", ref) in text.stdout
    assert f"{state}; 6 of 6 evaluations; best fid 7.1" in text.stderr


def test_submit_can_watch(service: Running, signed_in: str, spec_path: Path) -> None:
    spec = small_spec(name="followed")
    spec_path.write_text(yaml.safe_dump({**RAW, "name": "followed"}))
    service.add_finished(spec)
    assert answer("submit", spec_path, "--watch")["champion"]["trial"] == 0


def test_ctrl_c_ends_the_view_and_not_the_sweep(
    service: Running, signed_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = service.add_running(small_spec(name="goes-on"), evaluations=2)

    def interrupted(scene: ServiceScene) -> Sight:
        raise KeyboardInterrupt

    monkeypatch.setattr(ServiceScene, "look", interrupted)
    result = sweeps("watch", "goes-on")
    assert result.exit_code == 130
    assert f"Sweep {ref} is left as it is" in result.stderr
    assert service.board.view(ref).wish == "run"


def test_watch_follows_a_sweep_of_a_home(home: Home, signed_in: str) -> None:
    finish(home, small_spec())
    told = answer("watch", "small", "--home", home.root)
    assert (told["state"], told["champion"]["trial"]) == ("finished", 0)
    begin(home, small_spec(name="stopped"), evaluations=2)
    stopped = sweeps("watch", "stopped", "--home", home.root)
    assert (stopped.exit_code, "was interrupted" in stopped.stdout) == (1, True)


def test_asking_a_service_imports_nothing_heavy(service: Running, signed_in: str, spec_path: Path) -> None:
    service.add_finished(small_spec(name="quick"))
    said = [["list"], ["show", "quick"], ["logs", "quick"], ["plan", str(spec_path)], ["watch", "quick"]]
    environment = os.environ | {"SWEEPS_SERVER": service.url}
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTS, json.dumps(said)], env=environment, check=True, capture_output=True, text=True
    )
    *exit_codes, modules = ran.stdout.splitlines()
    assert exit_codes == ["0"] * len(said)
    assert {"sweeps", "httpx2"} <= set(modules.split())
    assert not HEAVY & set(modules.split())
