"""What ships: models, spaces and datasets, described as plain data."""

from collections.abc import Iterable
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from models.dataset_facts import DATASETS
from models.hyperparameters import HYPERPARAMETERS, rules
from models.presets import Preset, load_preset, preset_names
from search_spaces.shipped import load_shipped, shipped_names
from sweeps.errors import UnknownNameError
from sweeps.search.ladder import nearest_power
from sweeps.spec import Hyperband

__all__ = ["describe_datasets", "describe_models", "describe_spaces"]


def describe_models(name: str | None = None) -> dict[str, Any]:
    """Return the models, or one of them, with hyperparameters and presets.

    Raises:
        UnknownNameError: There is no such model.
    """
    described = {}
    for model in _chosen(name, HYPERPARAMETERS, "model"):
        kind = HYPERPARAMETERS[model]
        known = [{**asdict(rule), "kind": rule.kind.__name__, "effect": rule.effect} for rule in rules(model).values()]
        described[model] = {
            "meaning": (kind.__doc__ or "").strip().splitlines()[0],
            "has_likelihood": kind.has_likelihood,
            "hyperparameters": known,
            "presets": [_describe_preset(load_preset(model, preset)) for preset in preset_names(model)],
        }
    return {"models": described}


def describe_spaces(name: str | None = None) -> dict[str, Any]:
    """Return the shipped spaces, or one of them.

    Raises:
        UnknownNameError: There is no such space.
    """
    return {"spaces": {space: load_shipped(space) for space in _chosen(name, shipped_names(), "space")}}


def describe_datasets(name: str | None = None) -> dict[str, Any]:
    """Return the datasets, or one of them.

    Raises:
        UnknownNameError: There is no such dataset.
    """
    described = {}
    for dataset in _chosen(name, DATASETS, "dataset"):
        facts = DATASETS[dataset]
        described[dataset] = {
            "meaning": facts.meaning,
            "side": facts.side,
            "classes": facts.classes,
            "training_examples": facts.size,
            "files": [file.name for file in facts.files],
        }
    return {"datasets": described}


def _describe_preset(preset: Preset) -> dict[str, Any]:
    return {
        "name": preset.name,
        "meaning": preset.meaning,
        "source": preset.source.strip(),
        "epochs": preset.epochs,
        "max_epochs": nearest_power(preset.epochs, Hyperband.model_fields["eta"].default),
        "hyperparameters": dict(preset.hyperparameters),
    }


def _chosen(name: str | None, known: Iterable[str], noun: str) -> list[str]:
    names = list(known)
    if name is None:
        return names
    if name not in names:
        near = get_close_matches(name, names, n=1)
        remedy = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
        raise UnknownNameError(f"it must be a {noun} that ships, but got {name!r}. {remedy}")
    return [name]
