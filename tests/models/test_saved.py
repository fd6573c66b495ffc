"""Saved models: read back bit for bit, and refused with file, rule and remedy when they are not what they should be."""

import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save
from torch import Tensor

import models
from models.base import GenerativeModel
from models.build import build
from models.hyperparameters import HYPERPARAMETERS, defaults
from models.saved import (
    CONFIG,
    LARGEST_CONFIG,
    OTHER_FOLDER,
    REMEDY,
    WEIGHTS,
    ModelConfig,
    SavedModelError,
    load_model,
    weights_of,
)
from tests.models.training import digits, learn, seeded

Json = dict[str, Any]


def trained(name: str) -> GenerativeModel:
    """Return a model after two steps, so that its buffers have moved too."""
    images, labels = digits(32)
    model = build(name, {"hidden": 32}, side=8, classes=10, seed=7)
    optimizers = model.make_optimizers()
    for step in range(2):
        learn(model, optimizers, images, labels, seeded(step))
    return model


def written(folder: Path, model: GenerativeModel, name: str) -> Path:
    weights = weights_of(model)
    config = ModelConfig(
        model=name,
        hyperparameters={**defaults(name), "hidden": 32},
        side=8,
        classes=10,
        levels=17,
        weights_sha256=hashlib.sha256(weights).hexdigest(),
    )
    folder.mkdir()
    (folder / WEIGHTS).write_bytes(weights)
    (folder / CONFIG).write_text(config.model_dump_json())
    return folder


@pytest.fixture
def folder(odd_path: Path) -> Path:
    return written(odd_path / "model", trained("beta_vae"), "beta_vae")


def put_weights(folder: Path, content: bytes) -> None:
    """Replace the weights together with their hash, as someone would who means harm."""
    (folder / WEIGHTS).write_bytes(content)
    change_config(folder, weights_sha256=hashlib.sha256(content).hexdigest())


def change_config(folder: Path, **changes: Any) -> None:
    config: Json = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**config, **changes}))


def refusal(folder: Path) -> str:
    with pytest.raises(SavedModelError) as caught:
        load_model(folder)
    assert str(folder) in str(caught.value)
    assert str(caught.value).endswith(REMEDY)
    return str(caught.value)


@pytest.mark.parametrize("name", list(HYPERPARAMETERS))
def test_a_loaded_model_is_the_trained_one_bit_for_bit(name: str, odd_path: Path) -> None:
    model = trained(name)
    loaded = models.load(written(odd_path / "model", model, name))
    expected = model.state_dict()
    assert loaded.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[key]) for key, value in loaded.state_dict().items())
    assert torch.equal(loaded.sample(9, seeded(1)), model.sample(9, seeded(1)))
    assert not loaded.training


def test_a_folder_may_be_named_by_text(folder: Path) -> None:
    assert type(models.load(str(folder))) is type(models.load(folder))


def test_loading_leaves_torchs_random_state_alone(folder: Path) -> None:
    before = torch.get_rng_state()
    load_model(folder)
    assert torch.equal(torch.get_rng_state(), before)


def test_equal_weights_are_equal_bytes() -> None:
    assert weights_of(trained("infogan")) == weights_of(trained("infogan"))


def test_importing_the_package_imports_no_torch() -> None:
    program = "import models, sys; print(*sorted({'torch', 'pydantic', 'numpy'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == ""


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_missing_file_is_told_with_its_path(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert f"{folder / name}: a trained model must have the files {CONFIG} and {WEIGHTS}" in refusal(folder)


def test_a_pipe_in_the_place_of_a_file_does_not_make_anyone_wait(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    os.mkfifo(folder / WEIGHTS)
    assert "missing" in refusal(folder)


def test_weights_that_were_cut_short_or_changed_are_refused(folder: Path) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    for content in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        (folder / WEIGHTS).write_bytes(content)
        assert f"it must have the SHA-256 in {CONFIG}" in refusal(folder)


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_safetensors_file_that_ends_early_is_refused_whatever_its_hash(folder: Path, kept: int) -> None:
    put_weights(folder, (folder / WEIGHTS).read_bytes()[:kept])
    assert "it must be a safetensors file" in refusal(folder)


class Exploding:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def test_pickles_are_refused_and_never_run(folder: Path, odd_path: Path) -> None:
    burnt = odd_path / "burnt"
    file = io.BytesIO()
    torch.save({"weights": Exploding(burnt)}, file)
    for content in (pickle.dumps(Exploding(burnt)), file.getvalue()):
        put_weights(folder, content)
        assert "it must be a safetensors file" in refusal(folder)
        (folder / "model.pt").write_bytes(content)
    assert not burnt.exists()
    pickle.loads(pickle.dumps(Exploding(burnt)))
    assert burnt.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: {**t, "extra": torch.zeros(1)}, "has ['extra'] too many and lacks []"),
        (lambda t: {k: v for k, v in t.items() if k != "decoder.0.bias"}, "lacks ['decoder.0.bias']"),
        (lambda t: {**t, "decoder.0.bias": torch.zeros(33)}, "decoder.0.bias must be (32,) of torch.float32"),
        (lambda t: {**t, "decoder.0.bias": torch.zeros(32).double()}, "but is (32,) of torch.float64"),
        (lambda t: {**t, "decoder.0.bias": torch.full((32,), torch.nan)}, "finite, but decoder.0.bias is not"),
    ],
    ids=["foreign", "missing", "shape", "type", "nan"],
)
def test_weights_of_another_form_are_refused(
    folder: Path, change: Callable[[dict[str, Tensor]], dict[str, Tensor]], said: str
) -> None:
    put_weights(folder, save(change(load_file(folder / WEIGHTS))))
    assert said in refusal(folder)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "../../beta_vae"}, "the model must be one of"),
        ({"model": 3}, "model: input should be a valid string, but got 3"),
        ({"weights": "/etc/passwd"}, "weights: extra inputs are not permitted, but got '/etc/passwd'"),
        ({"format": 2}, "format: input should be 1, but got 2"),
        ({"side": 10**9}, "side: input should be less than or equal to 1024, but got 1000000000"),
        ({"side": 28}, "must be (784, 32) of torch.float32, but is (64, 32)"),
        ({"hyperparameters": {"hidden": 10**9}}, "hidden must be a whole number"),
        ({"hyperparameters": {"hiden": 32}}, "no hyperparameter 'hiden'"),
        ({"hyperparameters": {"hidden": 4096, "latent_dim": 512}}, "of torch.float32, but is ("),
        ({"hyperparameters": {"hidden": 32, "network": "conv"}, "side": 10}, "network conv needs images whose side is"),
    ],
    ids=["path", "type", "foreign key", "format", "large", "other side", "range", "unknown", "swollen", "conv"],
)
def test_descriptions_that_lie_are_refused(folder: Path, changes: Json, said: str) -> None:
    change_config(folder, **changes)
    assert said in refusal(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"format": NaN}'])
def test_descriptions_that_are_none_are_refused(folder: Path, text: str) -> None:
    (folder / CONFIG).write_text(text)
    assert "it must describe a model" in refusal(folder)


def test_what_is_no_folder_is_told_apart_from_a_folder_without_a_model(folder: Path) -> None:
    file = folder / CONFIG
    for path, found in ((file, "it is a file"), (folder / "nowhere", "there is none")):
        with pytest.raises(SavedModelError) as caught:
            load_model(path)
        assert str(caught.value) == f"{path} must be the folder of a trained model, but {found}. {OTHER_FOLDER}"
    file.unlink()
    assert "this one is missing" in refusal(folder)


def test_a_description_that_never_ends_is_refused(folder: Path) -> None:
    (folder / CONFIG).write_text(" " * LARGEST_CONFIG + "{}")
    assert f"it must have at most {LARGEST_CONFIG} bytes" in refusal(folder)
