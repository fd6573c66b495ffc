"""A trained model as a folder: its weights as safetensors, and in JSON what it takes to build it.

Reading one runs nothing that lies in it: names and values are checked against the models that ship, the weights against
the hash, the names and the shapes that they must have. Writing the files is the caller's.
"""

import hashlib
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from models.base import GenerativeModel
from models.build import build
from models.hyperparameters import HYPERPARAMETERS
from models.rule import Value

__all__ = ["CONFIG", "WEIGHTS", "ModelConfig", "SavedModelError", "load_model", "read_config", "weights_of"]

WEIGHTS = "model.safetensors"
CONFIG = "config.json"

LARGEST_CONFIG = 1_000_000
"""Bytes; what is larger is no description of a model."""

LONGEST_VALUE = 60
"""Characters of a wrong value that are told."""

REMEDY = "Train it again with `sweeps train`, or copy the whole folder again from where it was made."

OTHER_FOLDER = "Name one that `sweeps train` wrote."


class SavedModelError(ValueError):
    """A folder holds no model that can be read; the text names the file, the rule and the remedy."""


class ModelConfig(BaseModel):
    """The contents of config.json.

    Attributes:
        format: Version of the folder's form; a folder of another version is refused, never guessed at.
        model: The model's name.
        hyperparameters: All of them; every model checks its own when it is built.
        side: Width and height of an image.
        classes: Classes of the dataset.
        levels: How many greys its images can have.
        weights_sha256: Hash of the weights' file.
        training: What whoever trained it wants to remember, as plain JSON; nothing here reads it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    format: Literal[1] = 1
    model: str
    hyperparameters: dict[str, Value]
    side: int = Field(ge=1, le=1024)
    classes: int = Field(ge=1, le=1000)
    levels: int = Field(ge=2, le=65_536)
    weights_sha256: str
    training: dict[str, Any] = {}


def weights_of(model: GenerativeModel) -> bytes:
    """Return the contents of a model's weights file; equal weights give equal bytes."""
    return save({name: value.contiguous() for name, value in model.state_dict().items()})


def read_config(folder: Path) -> ModelConfig:
    """Read the description of a saved model.

    Raises:
        SavedModelError: There is none, or it is not of this form.
    """
    path = folder / CONFIG
    content = _read(path)
    if len(content) > LARGEST_CONFIG:
        raise _refused(path, f"it must have at most {LARGEST_CONFIG} bytes, but has {len(content)}")
    try:
        config = ModelConfig.model_validate_json(content)
    except ValidationError as error:
        raise _refused(path, f"it must describe a model; {_first_line(error)}") from error
    if config.model not in HYPERPARAMETERS:
        known = ", ".join(HYPERPARAMETERS)
        raise _refused(path, f"the model must be one of {known}, but is {config.model!r}")
    return config


def load_model(folder: Path) -> GenerativeModel:
    """Read a saved model, ready to sample from.

    Raises:
        SavedModelError: The folder holds no model, or one that was cut short, changed, or is of another kind.
    """
    config = read_config(folder)
    path = folder / WEIGHTS
    content = _read(path)
    digest = hashlib.sha256(content).hexdigest()
    if digest != config.weights_sha256:
        raise _refused(path, f"it must have the SHA-256 in {CONFIG}, {config.weights_sha256}, but has {digest}")
    try:
        tensors = load(content)
    except (SafetensorError, KeyError) as error:
        raise _refused(path, f"it must be a safetensors file, but {error}") from error
    with torch.device("meta"):  # hyperparameters that ask for more than the file holds must not take memory
        expected = _build(config, folder).state_dict()
    fault = _fault(expected, tensors)
    if fault:
        raise _refused(path, fault)
    model = _build(config, folder)
    model.load_state_dict(tensors)
    return model.eval()


def _read(path: Path) -> bytes:
    folder = path.parent
    if not folder.is_dir():
        found = "it is a file" if folder.exists() else "there is none"
        raise SavedModelError(f"{folder} must be the folder of a trained model, but {found}. {OTHER_FOLDER}")
    if not path.is_file():
        raise _refused(path, f"a trained model must have the files {CONFIG} and {WEIGHTS}, but this one is missing")
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refused(path, f"it must be readable, but {error.strerror}") from error


def _build(config: ModelConfig, folder: Path) -> GenerativeModel:
    try:
        return build(
            config.model,
            config.hyperparameters,
            side=config.side,
            classes=config.classes,
            levels=config.levels,
            seed=0,
        )
    except ValueError as error:
        raise _refused(folder / CONFIG, str(error)) from error


def _fault(expected: dict[str, Tensor], tensors: dict[str, Tensor]) -> str:
    """Return what is wrong with weights, or nothing."""
    foreign, missing = sorted(tensors.keys() - expected.keys()), sorted(expected.keys() - tensors.keys())
    if foreign or missing:
        return f"it must hold the model's weights and no others, but has {foreign[:3]} too many and lacks {missing[:3]}"
    for name, wanted in expected.items():
        tensor = tensors[name]
        if (tensor.shape, tensor.dtype) != (wanted.shape, wanted.dtype):
            said = f"{tuple(tensor.shape)} of {tensor.dtype}"
            return f"{name} must be {tuple(wanted.shape)} of {wanted.dtype}, but is {said}"
        if not tensor.isfinite().all():
            return f"every weight must be finite, but {name} is not"
    return ""


def _first_line(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    said = f"{fault['msg'][0].lower()}{fault['msg'][1:]}"
    if not fault["loc"]:
        return f"the file is {said}"
    return f"{'.'.join(map(str, fault['loc']))}: {said}, but got {repr(fault['input'])[:LONGEST_VALUE]}"


def _refused(path: Path, what: str) -> SavedModelError:
    return SavedModelError(f"{path}: {what}. {REMEDY}")
