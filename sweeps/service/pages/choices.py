"""The form beside a spec's text: what the text says as fields, and what changes in the text when a field does.

Both say the same: fields that differ from what the text said when they were shown were changed by a person, and only
those are written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.hyperparameters import HYPERPARAMETERS, rules
from models.objectives import OBJECTIVES
from models.presets import preset_names
from models.rule import Value, in_a_spec
from search_spaces.shipped import load_shipped, shipped_names
from sweeps.service.pages.spec_edit import with_section

__all__ = ["INLINE", "Choices"]

INLINE = "(inline)"
"""Stands for domains that are written out in the text."""

SIMPLE = ("name", "objective", "searcher")
NUMBERS = ("folds", "seed")
HYPERBAND = ("max_epochs", "eta", "iterations")


@dataclass(frozen=True)
class Choices:
    """What the form shows; each a text, empty for what the spec leaves open.

    Attributes:
        name: Of the sweep.
        model: Its model.
        dataset: Its dataset.
        limit: How many of its examples.
        preset: The preset.
        space: A shipped space, or `INLINE`.
        objective: What is minimised.
        folds: How many.
        max_epochs: Of Hyperband.
        eta: Of Hyperband.
        iterations: Of Hyperband.
        searcher: What proposes.
        seed: What randomness begins with.
        fixed: Hyperparameters that are held, by name.
    """

    name: str = ""
    model: str = ""
    dataset: str = ""
    limit: str = ""
    preset: str = ""
    space: str = ""
    objective: str = ""
    folds: str = ""
    max_epochs: str = ""
    eta: str = ""
    iterations: str = ""
    searcher: str = ""
    seed: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Choices":
        """Return what a spec's plain data says; what is no plain value is left open."""
        dataset = raw.get("dataset")
        subset = dataset if isinstance(dataset, dict) else {"name": dataset}
        hyperband, fixed, space = (_mapping(raw.get(name)) for name in ("hyperband", "fixed", "space"))
        return cls(
            **{name: _text(raw.get(name)) for name in ("model", "preset", *SIMPLE, *NUMBERS)},
            **{name: _text(hyperband.get(name)) for name in HYPERBAND},
            dataset=_text(subset.get("name")),
            limit=_text(subset.get("limit")),
            space=INLINE if space else _text(raw.get("space")),
            fixed={str(name): _text(value) for name, value in fixed.items()},
        )

    def written(self, text: str, raw: Mapping[str, Any], before: "Choices") -> str:
        """Return a spec's text with the fields that differ from those shown before.

        Args:
            text: The spec's, a mapping in YAML or JSON.
            raw: What it holds.
            before: What was shown when the fields were changed.

        Raises:
            SpecError: The text cannot be read.
        """
        for name, value in self._sections(raw, before).items():
            text = with_section(text, name, value)
        return text

    def _sections(self, raw: Mapping[str, Any], before: "Choices") -> dict[str, Any]:
        """Return the sections to write, by name; None for those to take out."""
        changed = {name for name in vars(self) if getattr(self, name) != getattr(before, name)}
        sections: dict[str, Any] = {}
        for name in changed & {"preset", *SIMPLE, *NUMBERS}:
            sections[name] = _value(getattr(self, name)) if name in NUMBERS else getattr(self, name) or None
        if changed & {"dataset", "limit"}:
            sections["dataset"] = {"name": self.dataset, "limit": _value(self.limit)} if self.limit else self.dataset
        if changed & set(HYPERBAND):
            set_now = {name: _value(getattr(self, name)) for name in HYPERBAND}
            merged = {**_mapping(raw.get("hyperband")), **set_now}
            sections["hyperband"] = {key: value for key, value in merged.items() if value is not None} or None
        if "space" in changed and self.space:
            sections["space"] = _domains(self.model) if self.space == INLINE else self.space
        if "fixed" in changed:
            sections["fixed"] = self._held(raw, before) or None
        return {**sections, **self._of_model(raw, sections)} if "model" in changed else sections

    def _held(self, raw: Mapping[str, Any], before: "Choices") -> dict[str, Any]:
        """Return what is fixed, with the fields that were changed."""
        kinds = {name: rule.kind for name, rule in rules(self.model).items()} if self.model in HYPERPARAMETERS else {}
        held = dict(_mapping(raw.get("fixed")))
        for name in {**before.fixed, **self.fixed}:
            if name not in self.fixed:
                held.pop(name, None)
            elif self.fixed[name] != before.fixed.get(name):
                held[name] = _of_kind(self.fixed[name], kinds.get(name, str))
        return held

    def _of_model(self, raw: Mapping[str, Any], sections: Mapping[str, Any]) -> dict[str, Any]:
        """Return what another model brings: its space, and nothing that only the one before had."""
        known = rules(self.model) if self.model in HYPERPARAMETERS else {}
        merged = {**raw, **sections}
        followed: dict[str, Any] = {"model": self.model}
        if self.model in shipped_names():
            followed["space"] = self.model
        if merged.get("preset") is not None and merged["preset"] not in preset_names(self.model):
            followed["preset"] = None
        objective = OBJECTIVES.get(_text(merged.get("objective")))
        if objective and objective.needs_likelihood and not HYPERPARAMETERS[self.model].has_likelihood:
            followed["objective"] = "fid"
        if fixed := _mapping(merged.get("fixed")):
            followed["fixed"] = {name: value for name, value in fixed.items() if name in known} or None
        return followed


def _domains(model: str) -> dict[str, Any]:
    """Return the shipped domains of a model, as people write them inline."""
    if model not in shipped_names():
        return {}
    domains: Mapping[str, Mapping[str, Any]] = load_shipped(model)["domains"]
    return {name: {key: part for key, part in each.items() if key != "source"} for name, each in domains.items()}


def _mapping(given: object) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}


def _text(given: object) -> str:
    return in_a_spec(given) if isinstance(given, Value) else ""


def _value(text: str) -> Any:
    """Return a whole number, or the text itself so that its fault is told; None for nothing."""
    return int(text) if text.lstrip("-").isdecimal() else text or None


def _of_kind(text: str, kind: type) -> Value:
    """Return a text as a value of a kind, or the text itself so that its fault is told."""
    if kind is bool:
        return text == "true" if text in ("true", "false") else text
    try:
        return int(text) if kind is int else float(text) if kind is float else text
    except ValueError:
        return text
