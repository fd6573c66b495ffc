"""`sweeps train` and `sweeps sample`: what they answer, their JSON, their exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sweeps.final_training import train_champion
from tests.best_on_disk import best_config, write_best_file
from tests.command_line import answer, sweeps


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "model"
    train_champion(best_config("infogan", epochs=1), folder, data=None, threads=1, watch=lambda epoch: None)
    return folder


def test_train_tells_people_where_the_model_is_and_how_to_sample_it(odd_path: Path) -> None:
    best, folder = write_best_file(odd_path / "best.yaml", best_config(epochs=1)), odd_path / "model"
    result = sweeps("train", best, "-o", folder)
    assert result.exit_code == 0, result.output
    assert f"{folder} holds the trained beta_vae." in result.stdout
    assert "loss/L" in result.stdout
    assert " sample " in result.stdout
    again = sweeps("train", best, "-o", folder)
    assert "Epochs that had been trained before: 1." in again.stdout


def test_train_tells_scripts_one_object(odd_path: Path) -> None:
    best = write_best_file(odd_path / "best.yaml", best_config(epochs=2))
    told = answer("train", best, "-o", odd_path / "model")
    assert (told["folder"], told["model"], told["dataset"]) == (str(odd_path / "model"), "beta_vae", "digits")
    assert (told["epochs"], told["restored_epochs"]) == (2, 0)
    assert set(told["terms"]) == {"loss/L", "loss/J", "train/kl", "train/reconstruction"}
    config = json.loads((odd_path / "model" / "config.json").read_text())
    assert told["weights_sha256"] == config["weights_sha256"]


def test_train_refuses_a_device_that_there_is_not(odd_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    best = write_best_file(odd_path / "best.yaml", best_config(epochs=1))
    told = answer("train", best, "-o", odd_path / "model", "--device", "gpu", exit_code=2)
    assert told["error"].endswith("but this machine has none. Write --device cpu.")
    assert sweeps("train", best, "-o", odd_path / "model", "--device", "tpu").exit_code == 2
    assert not (odd_path / "model").exists()


def test_train_refuses_what_is_no_best_configuration(odd_path: Path) -> None:
    told = answer("train", odd_path / "best.yaml", "-o", odd_path / "model", exit_code=2)
    assert "must be a file that `sweeps export` wrote" in told["error"]
    assert not (odd_path / "model").exists()


def test_train_refuses_a_folder_that_holds_another_model(model: Path, odd_path: Path) -> None:
    best = write_best_file(odd_path / "best.yaml", best_config())
    told = answer("train", best, "-o", model, exit_code=2)
    assert told["error"] == f"{model} must be new or hold this model, but holds another infogan. " + (
        "Choose another folder by -o."
    )


def test_sample_draws_a_grid(model: Path, odd_path: Path) -> None:
    told = answer("sample", model, "-n", "30", "-o", odd_path / "grid.png", "--vary", "code=0..4")
    assert told == {"output": str(odd_path / "grid.png"), "images": 30, "rows": 6, "columns": 5}
    with Image.open(odd_path / "grid.png") as picture:
        assert picture.size == (5 * 26 + 2, 6 * 26 + 2)
    assert f"{odd_path / 'a.npz'} holds 64 images." in sweeps("sample", model, "-o", odd_path / "a.npz").stdout
    assert np.load(odd_path / "a.npz")["images"].shape == (64, 8, 8)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "grid.gif"), "samples are written as .png"),
        (("-o", "no such folder/grid.png"), "must be writable, but No such file or directory. Choose another by -o."),
        (("-o", "grid.png", "--vary", "z0"), "There are: code, c0, c1."),
        (("-o", "grid.png", "--vary", "code=0.."), "Write it as code=0..9"),
    ],
    ids=["ending", "place", "code", "span"],
)
def test_sample_refuses_what_it_cannot_do(model: Path, words: tuple[str, ...], said: str, odd_path: Path) -> None:
    placed = [str(odd_path / word) if "grid" in word else word for word in words]
    assert said in answer("sample", model, *placed, exit_code=2)["error"]


def test_sample_refuses_numbers_out_of_range(model: Path) -> None:
    for words in (("-n", "0"), ("-n", "100001"), ("--seed", "-1")):
        assert sweeps("sample", model, "-o", "grid.png", *words).exit_code == 2


def test_help_and_a_wrong_variation_need_no_torch() -> None:
    program = "import sys\nfrom typer.testing import CliRunner\nfrom sweeps.cli import app\n"
    program += "answer = CliRunner().invoke(app, sys.argv[1:])\nprint(answer.exit_code, 'torch' in sys.modules)"
    for words, expected in ((["train", "--help"], "0"), (["sample", "x", "-o", "x.png", "--vary", "="], "2")):
        command = [sys.executable, "-c", program, *words]
        ran = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
        assert ran.stdout.split() == [expected, "False"]
