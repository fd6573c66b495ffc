"""Which searched hyperparameters can have an effect, beside what else is searched and what is fixed.

A hyperparameter without effect is not searched: Hyperband would spend trials on telling equal configurations apart.
"""

from collections.abc import Iterable, Mapping

from models.hyperparameters import rules
from models.rule import Rule
from search_spaces.domains import Choice, Domain, Value
from sweeps.spec import ChoiceSpec, DomainSpec, SweepSpec

__all__ = ["can_matter", "conditioned", "leads_to"]


def can_matter(rule: Rule, searched: Mapping[str, DomainSpec], held: Mapping[str, Value]) -> bool:
    """Tell whether a searched hyperparameter has an effect in any configuration in which it is drawn.

    Args:
        rule: That of the hyperparameter.
        searched: Domains by name, its own among them.
        held: What each hyperparameter of the model is where it is not drawn: its fixed value, or its default.
    """
    given = _given(rule.name, searched)

    def possible(name: str) -> list[Domain]:
        if name in given:
            return [Choice((given[name],))]
        if name not in searched:
            return [Choice((held[name],))]
        domain = searched[name].domain()
        return [domain, Choice((held[name],))] if searched[name].when else [domain]

    asked_for = not rule.when or any(_may_be(possible(name), value) for name, value in rule.when)
    return asked_for and not any(_must_be(possible(name), value) for name, value in rule.unless)


def conditioned(spec: SweepSpec) -> SweepSpec:
    """Return a sound spec in which what has an effect at one value of a searched choice alone is drawn only there.

    A domain that has a condition of its own keeps it.
    """
    known, space = rules(spec.model), dict(spec.space)
    for name in sorted(space):
        rule = known[name]
        for parent in dict.fromkeys(other for other, _ in (*rule.when, *rule.unless)):
            value = _only_value_with_effect(rule, parent, space.get(parent))
            if value is None or space[name].when or leads_to(space, parent, name):
                continue
            # A parent that is itself drawn only at times has its default otherwise.
            if not space[parent].when or not _has_effect(rule, parent, known[parent].default):
                space[name] = space[name].model_copy(update={"when": {parent: value}})
    return spec.model_copy(update={"space": space})


def leads_to(space: Mapping[str, DomainSpec], name: str, end: str) -> bool:
    """Tell whether the conditions from one hyperparameter upwards lead to another, or in a circle."""
    seen: set[str] = set()
    while name != end and name in space and space[name].when:
        if name in seen:
            return True
        seen.add(name)
        (name,) = space[name].when
    return name == end


def _given(name: str, searched: Mapping[str, DomainSpec]) -> dict[str, Value]:
    """Return the values that the conditions of a hyperparameter, and those above them, ask for."""
    given: dict[str, Value] = {}
    while name in searched and searched[name].when and not searched[name].when.keys() & given.keys():
        given |= searched[name].when
        (name,) = searched[name].when
    return given


def _only_value_with_effect(rule: Rule, parent: str, domain: DomainSpec | None) -> Value | None:
    """Return the value of a searched choice at which alone a hyperparameter has an effect, if there is one."""
    if not isinstance(domain, ChoiceSpec) or len(rule.when) > 1:
        return None
    values = [value for value in domain.values if _has_effect(rule, parent, value)]
    return values[0] if len(values) == 1 < len(domain.values) else None


def _has_effect(rule: Rule, parent: str, value: Value) -> bool:
    """Tell whether a hyperparameter has an effect at a value of another one, as far as that decides."""
    asked_for = [wanted for name, wanted in rule.when if name == parent]
    return (not asked_for or value in asked_for) and (parent, value) not in rule.unless


def _may_be(domains: Iterable[Domain], value: Value) -> bool:
    return any(domain.contains(value) for domain in domains)


def _must_be(domains: Iterable[Domain], value: Value) -> bool:
    return all(_only(domain) == value for domain in domains)


def _only(domain: Domain) -> Value | None:
    """Return the one value of a domain, or None if there are several."""
    if isinstance(domain, Choice):
        return domain.values[0] if len(domain.values) == 1 else None
    return domain.low if domain.low == domain.high else None
