"""Which searched hyperparameters can have an effect, beside what else is searched and what is fixed.

A hyperparameter without effect is not searched: Hyperband would spend trials on telling equal configurations apart.
"""

from collections.abc import Iterable, Mapping

from models.hyperparameters import rules
from models.rule import Condition, Rule
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
            values = _values_with_effect(rule, parent, space.get(parent))
            alone = len(values) == 1 and not space[name].when and not leads_to(space, parent, name)
            # A parent that is itself drawn only at times has its default otherwise.
            if alone and (not space[parent].when or known[parent].default not in values):
                space[name] = space[name].model_copy(update={"when": {parent: values[0]}})
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


def _values_with_effect(rule: Rule, parent: str, domain: DomainSpec | None) -> list[Value]:
    """Return at which values of a searched choice a hyperparameter has an effect; none if at all, or if it may vary."""
    if not isinstance(domain, ChoiceSpec) or len(rule.when) > 1:
        return []
    asked_for = _values_of(parent, rule.when) or domain.values
    excluded = _values_of(parent, rule.unless)
    values = [value for value in domain.values if value in asked_for and value not in excluded]
    return values if len(values) < len(domain.values) else []


def _values_of(name: str, conditions: Iterable[Condition]) -> list[Value]:
    return [value for other, value in conditions if other == name]


def _may_be(domains: Iterable[Domain], value: Value) -> bool:
    return any(domain.contains(value) for domain in domains)


def _must_be(domains: Iterable[Domain], value: Value) -> bool:
    return all(_only(domain) == value for domain in domains)


def _only(domain: Domain) -> Value | None:
    """Return the one value of a domain, or None if there are several."""
    if isinstance(domain, Choice):
        return domain.values[0] if len(domain.values) == 1 else None
    return domain.low if domain.low == domain.high else None
