"""From pydantic's errors to faults that people can put right: rule, value, remedy, and the nearest valid name."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice

from pydantic_core import ErrorDetails

from sweeps.errors import Fault
from sweeps.spec import SweepSpec

__all__ = ["MAX_FAULTS", "concise", "shape_faults", "unknown_name"]

MAX_FAULTS = 100
"""More than a spec of a page has: whoever sees so many has given something else."""

EXAMPLES = {
    "name": "name: digits-beta-vae",
    "model": "model: beta_vae",
    "dataset": "dataset: digits, or dataset: {name: mnist, limit: 6000}",
    "space": "space: beta_vae, or space: {beta: {type: log_uniform, low: 0.1, high: 10}}",
    "preset": "preset: article",
    "fixed": "fixed: {latent_dim: 16}",
    "objective": "objective: fid",
    "folds": "folds: 10",
    "hyperband": "hyperband: {max_epochs: 9, eta: 3, iterations: 1}",
    "searcher": "searcher: tpe",
    "seed": "seed: 0",
    "resources": "resources: {cpus: 1, gpus: 0}",
    "precision": "precision: bf16",
    "notify": "notify: [https://hooks.example.org/sweeps]",
}
"""How each section is written."""


def shape_faults(details: Iterable[ErrorDetails]) -> Iterator[Fault]:
    """Yield the first fault of each place: a value outside a union has one for every member."""
    seen: set[str] = set()
    for fault in map(_translate, details):
        if fault.path not in seen:
            seen.add(fault.path)
            yield fault


def concise(faults: Iterable[Fault]) -> list[Fault]:
    """Return faults in few words, whatever was given; if there are more than `MAX_FAULTS`, the last one says so."""
    told = [
        Fault(_shorten(f.path, 100), _shorten(f.rule, 300), _shorten(f.value, 60), _shorten(f.remedy, 300))
        for f in islice(faults, MAX_FAULTS + 1)
    ]
    if len(told) > MAX_FAULTS:
        told[-1] = Fault("(file)", f"at most {MAX_FAULTS} faults are told at a time", "more", "Mend these first.")
    return told


def unknown_name(path: str, what: str, given: str, valid: Iterable[str]) -> Fault:
    """Return the fault of a name that is none of the valid ones, with the nearest of them."""
    names = list(valid)
    near = get_close_matches(given, names, n=1)
    remedy = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names)}."
    return Fault(path, f"it must be {what}", repr(given), remedy)


def _translate(detail: ErrorDetails) -> Fault:
    path = _path(detail)
    value = repr(detail["input"])
    example = f"As in `{EXAMPLES.get(str(detail['loc'][0]), EXAMPLES['name'])}`."
    match detail["type"]:
        case "extra_forbidden":
            return unknown_name(path, "a key of this section", path.rsplit(".", 1)[-1], _siblings(detail["loc"]))
        case "missing":
            return Fault(path, "this key is required", "nothing", example)
        case "union_tag_invalid" | "union_tag_not_found":
            kinds = ("uniform", "log_uniform", "integer", "choice")
            given = detail["input"].get("type") if isinstance(detail["input"], dict) else detail["input"]
            return unknown_name(f"{path}.type", "a kind of domain", str(given), kinds)
        case "string_pattern_mismatch":
            rule = "a name is 1 to 63 of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit"
            return Fault(path, rule, value, example)
        case _:
            return Fault(path, detail["msg"][0].lower() + detail["msg"][1:], value, example)


def _path(detail: ErrorDetails) -> str:
    """Return where a fault stands in the file, without the names of pydantic's union members."""
    members = {"uniform", "log_uniform", "integer", "choice", "float", "int", "str", "bool"}
    head, *rest = map(str, detail["loc"])
    return ".".join([head, *(part for part in rest if part not in members)])


def _siblings(loc: tuple[int | str, ...]) -> Iterable[str]:
    section = str(loc[0])
    if len(loc) == 1:
        return SweepSpec.model_fields
    if section == "space":
        return ("type", "low", "high", "values", "when", "source")
    kind = SweepSpec.model_fields[section].annotation
    return getattr(kind, "model_fields", {})


def _shorten(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
