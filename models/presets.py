"""The presets that ship: published or recommended settings of a model as YAML in `library/<model>/`; knows no torch.

A file that is the `same_as` another gives a preset a second name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

from models.rule import Value

__all__ = ["LIBRARY", "Preset", "load_preset", "preset_names"]

LIBRARY = Path(__file__).parent / "library"


@dataclass(frozen=True)
class Preset:
    """Settings of one model under a name.

    Attributes:
        model: The model they are for.
        name: Unique among the presets of the model.
        meaning: One line for people.
        source: Where the settings stand, and what differs from there.
        epochs: How long its source trains, in passes over the training part, unless the source says otherwise.
        hyperparameters: By name; what is not among them keeps its default.
    """

    model: str
    name: str
    meaning: str
    source: str
    epochs: int
    hyperparameters: Mapping[str, Value]


def preset_names(model: str) -> tuple[str, ...]:
    """Return the names of a model's presets, sorted; none for a model that has no presets."""
    return tuple(sorted(path.stem for path in (LIBRARY / model).glob("*.yaml")))


@cache
def load_preset(model: str, name: str) -> Preset:
    """Return a preset.

    Raises:
        KeyError: The model has no such preset.
    """
    if name not in preset_names(model):
        raise KeyError(name)
    content = yaml.safe_load((LIBRARY / model / f"{name}.yaml").read_text(encoding="utf-8"))
    if "same_as" in content:
        return replace(load_preset(model, content["same_as"]), name=name, meaning=content["meaning"])
    hyperparameters = MappingProxyType(dict(content.pop("hyperparameters")))
    return Preset(model=model, name=name, hyperparameters=hyperparameters, **content)
