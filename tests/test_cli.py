"""The command line: what it answers, its JSON, its exit codes, and what it does not import."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from models.hyperparameters import HYPERPARAMETERS
from sweeps.cli import app
from sweeps.execution.lease import hold_lease
from sweeps.execution.storage import Home
from sweeps.record.export import read_best
from sweeps.sweep_report import SweepReport
from tests.command_line import answer, sweeps
from tests.sweep_on_disk import RAW, begin, finish, small_spec

SPEC = small_spec()

HEAVY = {
    "numpy",
    "torch",
    "ray",
    "mlflow",
    "pytorch_lightning",
    "sklearn",
    "hyperopt",
    "matplotlib",
    "httpx2",
    "fastapi",
}

IMPORTS = """
import sys
from typer.testing import CliRunner, Result
from sweeps.cli import app
answer = CliRunner().invoke(app, sys.argv[1:])
print(answer.exit_code, *sorted(name for name in sys.modules if "." not in name))
"""


def test_help_names_every_command_and_how_to_begin() -> None:
    result = sweeps("--help")
    assert result.exit_code == 0
    for command in (
        "plan",
        "run",
        "export",
        "list",
        "show",
        "dashboard",
        "models",
        "spaces",
        "datasets",
        "train",
        "sample",
        "serve",
        "open",
        "token",
        "submit",
        "watch",
        "logs",
        "pause",
        "resume",
        "cancel",
        "login",
        "logout",
    ):
        assert f"  {command} " in result.stdout
    assert "sweeps plan examples/digits-beta-vae.yaml" in result.stdout


def test_plan_shows_counts_and_starts_nothing(spec_path: Path, home: Home) -> None:
    result = sweeps("plan", spec_path, "--home", home.root, "--workers", "2")
    assert result.exit_code == 0
    assert "5 trials, 6 evaluations, 33 fold-epochs" in result.stdout
    assert "3 × 3 × 1 → 1 × 3 × 3" in result.stdout
    assert "Nothing was started." in result.stdout
    assert not home.root.exists()


def test_plan_for_scripts_has_the_promised_keys(spec_path: Path, home: Home) -> None:
    plan = answer("plan", spec_path, "--home", home.root)
    assert plan["sweep_id"] == SPEC.sweep_id
    assert (plan["trials"], plan["evaluations"], plan["fold_epochs"]) == (5, 6, 33)
    assert plan["brackets"] == [
        {"rungs": [{"trials": 3, "folds": 3, "epochs": 1}, {"trials": 1, "folds": 3, "epochs": 3}]},
        {"rungs": [{"trials": 2, "folds": 3, "epochs": 3}]},
    ]
    assert plan["estimated_seconds"] > 0 < plan["estimated_disk_bytes"]


def test_plan_tells_people_what_a_preset_fixes(spec_path: Path, home: Home) -> None:
    spec_path.write_text(yaml.safe_dump({**RAW, "preset": "article"}))
    said = sweeps("plan", spec_path, "--home", home.root).stdout
    assert "preset article: searched are beta, lr; fixed are batch_size 64, hidden 16, latent_dim 4\n" in said
    assert "preset" not in sweeps("plan", spec_path.with_name("plain.yaml"), "--home", home.root).stdout


def test_run_tells_scripts_the_preset_it_was_given(
    spec_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = finish(home, SPEC)
    best = read_best(files.best)
    report = SweepReport(files, "finished", list(files.results()), restored=6, folds=3, seconds=1.0, best=best)
    monkeypatch.setattr("sweeps.driver.run_sweep", lambda *args, **options: report)
    for preset in ("paper", None):
        spec_path.write_text(yaml.safe_dump({**RAW, "preset": preset}))
        assert answer("run", spec_path, "--home", home.root)["preset"] == preset


def test_a_json_spec_and_the_same_yaml_spec_are_one_sweep(spec_path: Path, home: Home) -> None:
    as_json = spec_path.with_suffix(".json")
    as_json.write_text(json.dumps(RAW, indent="\t"))
    plans = [answer("plan", path, "--home", home.root) for path in (spec_path, as_json)]
    assert plans[0] == plans[1]


def test_faults_are_told_to_people_on_standard_error(spec_path: Path) -> None:
    spec_path.write_text(yaml.safe_dump({**RAW, "folds": 1, "seed": -1}))
    result = sweeps("plan", spec_path)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"{spec_path} has 2 faults, nothing was started:\n")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b"name: x\nname: y\n", "(file)"),
        (b"a: &a [1, 2, 3]\nb: [*a, *a]\n", "(file)"),
        (b"fixed: {lr: .nan}\n", "fixed.lr"),
        (b"fixed: {lr: 1e999}\n", "fixed.lr"),
        (b'{"fixed": {"lr": NaN}}', "(file)"),
        (b"space: {beta: {type: integer, low: 0, high: 1" + b"0" * 400 + b"}}\n", "space.beta.high"),
        (b"fixed: {.inf: 1}\n", "(file)"),
        (b"name: x\n" + b"# a comment\n" * 400_000, "(file)"),
        (b"".join(b"key%d: 1\n" % number for number in range(2_400)), "key0"),
        (b"fixed: " + b"{a: " * 5_000, "(file)"),
    ],
    ids=["key twice", "alias", "nan", "inf", "NaN", "huge", "key that is no name", "5 MB", "many keys", "deep"],
)
def test_whatever_a_spec_file_holds_its_faults_are_told(spec_path: Path, text: bytes, path: str) -> None:
    spec_path.write_bytes(text)
    told = answer("plan", spec_path, exit_code=2)
    assert path in {fault["path"] for fault in told["faults"]}
    assert all(fault["rule"] and fault["value"] and fault["remedy"] for fault in told["faults"])


@pytest.mark.parametrize("command", ["plan", "run"])
def test_faults_are_told_to_scripts_as_one_object(command: str, spec_path: Path, home: Home) -> None:
    spec_path.write_text(yaml.safe_dump({**RAW, "modle": "x"}))
    told = answer(command, spec_path, "--home", home.root, exit_code=2)
    assert told["error"] == f"{spec_path} is not a valid spec"
    assert told["faults"] == [
        {
            "path": "modle",
            "rule": "it must be a key of this section",
            "value": "'modle'",
            "remedy": "Did you mean model?",
        }
    ]
    assert not home.root.exists()


def test_a_missing_spec_and_a_wrong_option_are_errors() -> None:
    assert "no such.yaml" in sweeps("plan", "no such.yaml").stderr
    assert sweeps("plan", "no such.yaml").exit_code == 2
    assert sweeps("plan", "x.yaml", "--workers", "0").exit_code == 2
    assert sweeps("fly").exit_code == 2


def test_a_sweep_that_another_driver_runs_is_refused_with_its_holder(spec_path: Path, home: Home) -> None:
    with hold_lease(home.sweep(SPEC.sweep_id).lease):
        told = answer("run", spec_path, "--home", home.root, exit_code=2)
    assert f"is held by process {os.getpid()}" in told["error"]


def test_the_catalogue_is_told_to_people_and_scripts() -> None:
    assert set(answer("models")["models"]) == set(HYPERPARAMETERS)
    assert answer("spaces", "beta_vae")["spaces"]["beta_vae"]["model"] == "beta_vae"
    assert answer("datasets", "digits")["datasets"]["digits"]["training_examples"] == 1437
    described = " ".join(sweeps("models", "beta_vae").stdout.split())
    assert all(
        word in described for word in ("only where network is dense", "article 100 81", "paper 320 243", "Higgins")
    )
    assert "weight of the KL term" in " ".join(sweeps("models", "beta_vae").stdout.split())
    assert "Locatello" in sweeps("spaces", "beta_vae").stdout
    assert "1437" in sweeps("datasets").stdout
    assert "Did you mean beta_vae?" in answer("models", "beta-vae", exit_code=2)["error"]


def test_the_home_is_taken_from_the_environment(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(home, SPEC, evaluations=0)
    monkeypatch.setenv("SWEEPS_HOME", str(home.root))
    assert [sweep["sweep_id"] for sweep in answer("list")["sweeps"]] == [SPEC.sweep_id]


@pytest.mark.parametrize("command", ["plan", "run", "list", "show", "export", "dashboard"])
def test_a_setting_that_cannot_be_meant_is_told_and_nothing_is_started(
    command: str, spec_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWEEPS_RECORD_PATIENCE", "soon")
    words: dict[str, list[str | Path]] = {"plan": [spec_path], "run": [spec_path], "show": ["x"], "export": ["x"]}
    said = [command, *words.get(command, []), "--home", home.root]
    told = answer(*said, exit_code=2)["error"]
    rule = "$SWEEPS_RECORD_PATIENCE must be a number of seconds, at least 0"
    assert told == f"{rule}, but got 'soon'. Write it as 60, or unset it."
    assert sweeps(*said).stderr == f"{told}\n"
    assert not home.root.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["plan", "SPEC"],
        ["export", "small"],
        ["models", "beta_vae"],
        ["spaces"],
        ["datasets"],
        ["list"],
        ["show", "small"],
    ],
    ids=lambda words: words[0],
)
def test_quick_answers_import_nothing_heavy(words: list[str], spec_path: Path, home: Home) -> None:
    finish(home, SPEC)
    said = [str(spec_path) if word == "SPEC" else word for word in words]
    environment = os.environ | {"SWEEPS_HOME": str(home.root)}
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTS, *said], env=environment, check=True, capture_output=True, text=True
    )
    exit_code, *modules = ran.stdout.split()
    assert exit_code == "0"
    assert {"sweeps", "typer"} <= set(modules)
    assert not HEAVY & set(modules)


def test_the_shell_completes_the_sweeps_of_the_home(home: Home) -> None:
    finish(home, SPEC)
    begin(home, small_spec(name="another"), evaluations=0)
    asked = {
        "_SWEEPS_COMPLETE": "complete_bash",
        "COMP_WORDS": "sweeps show sm",
        "COMP_CWORD": "2",
        "SWEEPS_HOME": str(home.root),
    }
    told = CliRunner().invoke(app, prog_name="sweeps", env=asked)
    assert told.stdout.split() == [SPEC.sweep_id]
    nowhere = CliRunner().invoke(app, prog_name="sweeps", env={**asked, "SWEEPS_RECORD_PATIENCE": "soon"})
    assert (nowhere.exit_code, nowhere.stdout.split()) == (0, [])


def test_the_installed_command_answers() -> None:
    command = Path(sys.executable).with_name("sweeps")
    ran = subprocess.run([command, "models", "--json"], check=True, capture_output=True, text=True)
    assert set(json.loads(ran.stdout)["models"]) == set(HYPERPARAMETERS)
