"""From plain data to a `SweepSpec`, or to every fault at once: what must hold between sections and with what ships."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.dataset_facts import DATASETS, DatasetError, class_counts
from models.hyperparameters import HYPERPARAMETERS, defaults, rules
from models.objectives import OBJECTIVES, TRAINING_LOSSES
from models.rule import Rule, in_a_spec
from search_spaces.domains import IntegerRange, Value
from sweeps.activity import can_matter, conditioned, leads_to
from sweeps.errors import Fault, SpecError
from sweeps.search.ladder import build_ladder
from sweeps.spec import ChoiceSpec, DomainSpec, SweepSpec
from sweeps.spec_faults import concise, shape_faults, unknown_name
from sweeps.spec_file import read_spec_file
from sweeps.spec_forms import write_out
from sweeps.web_address import WebAddress

__all__ = ["load_spec", "parse_spec"]

STAND_INS: dict[str, Any] = {
    "name": "x",
    "model": "",
    "dataset": {"name": ""},
    "space": {},
    "hyperband": {"max_epochs": 1},
}
"""Take the place of required sections that are faulty, so that the sound ones are still checked."""

Check = Callable[[SweepSpec], Iterator[Fault]]


def load_spec(path: Path) -> SweepSpec:
    """Read and check a spec file.

    Raises:
        SpecError: With every fault of the file, up to `MAX_FAULTS`.
    """
    return parse_spec(read_spec_file(path), source=str(path))


def parse_spec(raw: Mapping[str, Any], source: str = "the spec") -> SweepSpec:
    """Check a spec given as plain data, and return it with one spelling for equal values.

    Raises:
        SpecError: With every fault, up to `MAX_FAULTS`.
    """
    content, of_short_forms = write_out(raw)
    details: list[ErrorDetails] = []
    unsound = {fault.path for fault in of_short_forms}
    try:
        spec = SweepSpec.model_validate(content)
    except ValidationError as error:
        details = error.errors(include_url=False)
        sound, sections = _without_faulty(content, details)
        unsound |= sections
        spec = SweepSpec.model_validate(sound)
    checks = (check(spec) for needs, check in CHECKS if not needs & unsound)
    faults = concise(chain(of_short_forms, shape_faults(details), *checks))
    if faults:
        raise SpecError(faults, source)
    return conditioned(spec).natural()


def _without_faulty(content: Mapping[str, Any], details: Iterable[ErrorDetails]) -> tuple[dict[str, Any], set[str]]:
    """Return what is sound of a spec, so that it is still checked, and the names of what is not.

    A faulty entry of `space` or `fixed` goes alone; any other section goes as a whole, but for keys it should not have.
    """
    unsound: set[str] = set()
    entries: defaultdict[str, set[str]] = defaultdict(set)
    for detail in details:
        section, *rest = map(str, detail["loc"])
        alone = bool(rest) and (section in {"space", "fixed"} or detail["type"] == "extra_forbidden")
        if alone and isinstance(content.get(section), dict):
            entries[section].add(rest[0])
            unsound.add(f"{section} entry")
        else:
            unsound.add(section)
    sound = {key: value for key, value in content.items() if str(key) not in unsound}
    for section, keys in entries.items():
        if section in sound:
            sound[section] = {key: value for key, value in sound[section].items() if str(key) not in keys}
    return {**{key: value for key, value in STAND_INS.items() if key not in sound}, **sound}, unsound


def _check_model(spec: SweepSpec) -> Iterator[Fault]:
    if spec.model not in HYPERPARAMETERS:
        yield unknown_name("model", "a model that ships", spec.model, HYPERPARAMETERS)


def _check_dataset(spec: SweepSpec) -> Iterator[Fault]:
    if spec.dataset.name not in DATASETS:
        yield unknown_name("dataset", "a dataset that ships", spec.dataset.name, DATASETS)
        return
    size = DATASETS[spec.dataset.name].size
    if spec.dataset.limit is not None and spec.dataset.limit > size:
        rule = f"limit must be at most the {size} training examples of {spec.dataset.name}"
        yield Fault("dataset.limit", rule, str(spec.dataset.limit), "Lower it, or leave it out to use all.")


def _check_folds(spec: SweepSpec) -> Iterator[Fault]:
    try:
        rarest = min(class_counts(spec.dataset.name, spec.dataset.limit))
    except DatasetError:
        return  # an unknown dataset or too high a limit has its own fault
    if spec.folds > rarest:
        rule = f"folds must be at most the {rarest} examples of the rarest class of {spec.dataset.name}"
        yield Fault("folds", rule, str(spec.folds), "Lower folds, or raise dataset.limit.")


def _check_hyperband(spec: SweepSpec) -> Iterator[Fault]:
    eta, wanted = spec.hyperband.eta, spec.hyperband.max_epochs
    try:
        build_ladder(wanted, eta)
    except ValueError:
        below = max(eta**s for s in range(14) if eta**s <= wanted)
        remedy = f"The nearest are {below} and {below * eta}."
        yield Fault("hyperband.max_epochs", f"max_epochs must be a power of eta={eta}", str(wanted), remedy)


def _check_objective(spec: SweepSpec) -> Iterator[Fault]:
    if spec.objective in TRAINING_LOSSES:
        weights = ", ".join(spec.searched_weights() if spec.model in HYPERPARAMETERS else ()) or "the loss weights"
        rule = f"an objective must mean the same for every configuration, and {spec.objective} contains {weights}"
        yield Fault("objective", rule, repr(spec.objective), f"Use one of {', '.join(OBJECTIVES)}.")
    elif spec.objective not in OBJECTIVES:
        yield unknown_name("objective", "an objective that ships", spec.objective, OBJECTIVES)
    elif OBJECTIVES[spec.objective].needs_likelihood and not _has_likelihood(spec.model):
        rule = f"{spec.objective} needs a model with a likelihood"
        yield Fault("objective", rule, f"model {spec.model}", "Use `objective: fid`.")
    else:
        rule = f"an objective must mean the same for every configuration, and {spec.objective} depends on"
        for name in set(OBJECTIVES[spec.objective].depends_on) & set(spec.space):
            remedy = f"Move {name} to `fixed`, or use `objective: fid`."
            yield Fault(f"space.{name}", f"{rule} {name}", "a domain", remedy)


def _has_likelihood(model: str) -> bool:
    return model not in HYPERPARAMETERS or HYPERPARAMETERS[model].has_likelihood


def _check_fixed(spec: SweepSpec) -> Iterator[Fault]:
    if spec.model not in HYPERPARAMETERS:
        return
    known = rules(spec.model)
    for name, value in spec.fixed.items():
        if name not in known:
            yield unknown_name(f"fixed.{name}", f"a hyperparameter of {spec.model}", name, known)
        elif not known[name].allows(value):
            yield Fault(f"fixed.{name}", str(known[name]), repr(value), _remedy(known[name], value))
        elif name in spec.space:
            rule = "a hyperparameter is either fixed or searched"
            yield Fault(f"fixed.{name}", rule, "both", "Remove it from `fixed` or from `space`.")


def _remedy(rule: Rule, value: Value) -> str:
    if isinstance(value, float) and value.is_integer() and rule.allows(int(value)):
        return f"Write {int(value)}."
    return f"Its default is {rule.default!r}."


def _check_space(spec: SweepSpec) -> Iterator[Fault]:
    known = rules(spec.model) if spec.model in HYPERPARAMETERS else None
    for name, domain_spec in spec.space.items():
        if known is not None and name not in known:
            yield unknown_name(f"space.{name}", f"a hyperparameter of {spec.model}", name, known)
            continue
        try:
            domain = domain_spec.domain()
        except ValueError as error:
            rule, _, value = str(error).partition(", but got ")
            remedy = "Write each once." if isinstance(domain_spec, ChoiceSpec) else "Mend low and high."
            yield Fault(f"space.{name}", rule, value, remedy)
            continue
        if known is not None and not domain.lies_within(known[name].allows):
            remedy = "Narrow the domain to that range."
            if known[name].kind is int and not isinstance(domain, IntegerRange):
                remedy = "Use `type: integer`, or a choice of numbers without a point, within that range."
            yield Fault(f"space.{name}", str(known[name]), str(domain), remedy)


def _check_conditions(spec: SweepSpec) -> Iterator[Fault]:
    searched = {name: domain.values for name, domain in spec.space.items() if isinstance(domain, ChoiceSpec)}
    for name, domain in spec.space.items():
        for parent, value in domain.when.items():
            path, rule = f"space.{name}.when", "a condition must name a searched choice and one of its values"
            if parent not in searched:
                yield Fault(path, rule, parent, f"There are: {', '.join(searched) or 'none'}.")
            elif value not in searched[parent]:
                yield Fault(path, rule, f"{parent}: {value!r}", f"Its values are {searched[parent]}.")
            elif leads_to(spec.space, parent, name):
                yield Fault(path, "conditions must not form a circle", name, "Remove one of them.")


def _check_effects(spec: SweepSpec) -> Iterator[Fault]:
    if spec.model not in HYPERPARAMETERS:
        return
    known, held = rules(spec.model), {**defaults(spec.model), **spec.fixed}
    searched = {name: domain for name, domain in spec.space.items() if name in known and _is_sound(domain)}
    for name in searched:
        if not can_matter(known[name], searched, held):
            parents = dict.fromkeys(parent for parent, _ in (*known[name].when, *known[name].unless))
            value = ", ".join(_shown(parent, searched, held) for parent in parents)
            remedy = f"Take {name} out of `space`, or change {' or '.join(parents)}."
            rule = f"what is searched must have an effect ({name}: {known[name].effect})"
            yield Fault(f"space.{name}", rule, value, remedy)


def _shown(name: str, searched: Mapping[str, DomainSpec], held: Mapping[str, Value]) -> str:
    return f"{name} {searched[name].domain() if name in searched else in_a_spec(held[name])}"


def _is_sound(domain: DomainSpec) -> bool:
    try:
        domain.domain()
    except ValueError:
        return False
    return True


def _check_notify(spec: SweepSpec) -> Iterator[Fault]:
    for index, address in enumerate(spec.notify):
        try:
            WebAddress.parse(address)
        except ValueError as error:
            rule, _, value = str(error).partition(", but got ")
            yield Fault(f"notify.{index}", rule, value, "As in `notify: [https://hooks.example.org/sweeps]`.")


CHECKS: tuple[tuple[set[str], Check], ...] = (
    ({"model"}, _check_model),
    ({"dataset"}, _check_dataset),
    ({"folds", "dataset"}, _check_folds),
    ({"hyperband"}, _check_hyperband),
    ({"objective", "model", "space"}, _check_objective),
    ({"fixed", "model"}, _check_fixed),
    ({"space"}, _check_space),
    ({"space", "space entry"}, _check_conditions),
    ({"model", "fixed", "space", "space entry"}, _check_effects),
    ({"notify"}, _check_notify),
)
"""Each check beside the sections it reads; it runs if they are sound by themselves."""
