"""The short forms of a spec, written out: a dataset's name, a preset, a shipped space's name.

They are for people: a spec and what it stands for are one sweep with one id.
"""

from collections.abc import Mapping
from typing import Any, TypeGuard

from pydantic import TypeAdapter

from models.hyperparameters import HYPERPARAMETERS, defaults, rules
from models.presets import Preset, load_preset, preset_names
from search_spaces.domains import Value
from search_spaces.shipped import load_shipped, shipped_names
from sweeps.activity import can_matter
from sweeps.errors import Fault
from sweeps.search.ladder import nearest_power
from sweeps.spec import DomainSpec, Hyperband
from sweeps.spec_faults import unknown_name

__all__ = ["write_out"]

DOMAIN: TypeAdapter[DomainSpec] = TypeAdapter(DomainSpec)

DEFAULT_ETA: int = Hyperband.model_fields["eta"].default


def write_out(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Return a spec's plain data without short forms, and the faults of these."""
    content = dict(raw)
    if isinstance(content.get("dataset"), str):
        content["dataset"] = {"name": content["dataset"]}
    faults = _write_out_space(content) if isinstance(content.get("space"), str) else []
    return content, faults + (_write_out_preset(content) if content.get("preset") is not None else [])


def _write_out_space(content: dict[str, Any]) -> list[Fault]:
    """Replace a shipped space's name by those of its domains that are neither fixed nor without effect."""
    name, model = content["space"], content.get("model")
    content["space"] = {}
    if name not in shipped_names():
        return [unknown_name("space", "a shipped space", name, shipped_names())]
    shipped, fixed = load_shipped(name), _mapping(content.get("fixed"))
    preset = _preset(content)
    content["space"] = _left_to_search(shipped, fixed, preset.hyperparameters if preset else {})
    if model != shipped["model"] and _is_model(model):
        rule = f"space {name} is for model {shipped['model']}"
        return [Fault("space", rule, f"model {model}", f"Write `space: {model}`, or the domains inline.")]
    return []


def _left_to_search(
    shipped: Mapping[str, Any], fixed: Mapping[str, Any], preset: Mapping[str, Value]
) -> dict[str, dict[str, Any]]:
    """Return the domains of a shipped space that are not fixed and can have an effect."""
    known, default = rules(shipped["model"]), defaults(shipped["model"])
    held = {**default, **preset, **{name: value for name, value in fixed.items() if isinstance(value, Value)}}
    left = {name: domain for name, domain in shipped["domains"].items() if name not in fixed}
    while True:  # what is left out may have been what another one needed
        settled = {name: _settle(domain, left, held) for name, domain in left.items()}
        searched = {name: DOMAIN.validate_python(domain) for name, domain in settled.items() if domain}
        kept = {name: settled[name] for name in searched if can_matter(known[name], searched, held)}
        if kept.keys() == left.keys():
            return kept
        left = kept


def _settle(domain: Mapping[str, Any], searched: Mapping[str, Any], held: Mapping[str, Value]) -> dict[str, Any]:
    """Return a domain without a condition on what is not searched, or nothing if that condition does not hold."""
    conditions = domain.get("when", {})
    if any(held[parent] != value for parent, value in conditions.items() if parent not in searched):
        return {}
    open_ones = {parent: value for parent, value in conditions.items() if parent in searched}
    return {**domain, "when": open_ones} if conditions else dict(domain)


def _write_out_preset(content: dict[str, Any]) -> list[Fault]:
    """Fix what a preset names and the spec neither fixes nor searches, and train for about as long as it does."""
    model, name, preset = content.get("model"), content["preset"], _preset(content)
    if preset is not None:
        _fix(content, preset.hyperparameters)
    hyperband = content.setdefault("hyperband", {})
    if isinstance(hyperband, dict) and "max_epochs" not in hyperband:
        # Beside the fault of a preset that there is not, that of the missing length would mislead.
        epochs = 1 if preset is None else nearest_power(preset.epochs, _eta(hyperband))
        content["hyperband"] = {**hyperband, "max_epochs": epochs}
    if preset is None and isinstance(name, str) and _is_model(model):
        return [unknown_name("preset", f"a preset of {model}", name, preset_names(model))]
    return []


def _fix(content: dict[str, Any], preset: Mapping[str, Value]) -> None:
    fixed, searched = content.get("fixed", {}), _mapping(content.get("space"))
    if isinstance(fixed, dict):
        content["fixed"] = {**{name: value for name, value in preset.items() if name not in searched}, **fixed}


def _preset(content: Mapping[str, Any]) -> Preset | None:
    """Return a spec's preset; None if it has none, or one that its model has not."""
    model, name = content.get("model"), content.get("preset")
    return load_preset(model, name) if _is_model(model) and name in preset_names(model) else None


def _eta(hyperband: Mapping[str, Any]) -> int:
    eta = hyperband.get("eta", DEFAULT_ETA)
    return eta if type(eta) is int and eta >= 2 else DEFAULT_ETA


def _is_model(name: object) -> TypeGuard[str]:
    return name in tuple(HYPERPARAMETERS)  # a spec may give what has no hash


def _mapping(given: object) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}
