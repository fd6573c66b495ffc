"""A spec that is being written: its text, what the form beside it shows, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from sweeps.errors import SpecError
from sweeps.service.pages.choices import Choices
from sweeps.service.pages.spec_edit import content_of
from sweeps.service.pages.spec_lines import PlacedFault, placed
from sweeps.spec import SweepSpec
from sweeps.spec_checks import parse_spec

__all__ = ["FIXED", "Draft", "Posted"]

FIXED = "fixed-"
"""Begins the names of the fields of hyperparameters."""


@dataclass(frozen=True)
class Draft:
    """A spec's text, and what follows from it.

    Attributes:
        text: As it was written.
        readable: The text that the choices are from: this one, or the last that could be read.
        choices: What the form shows.
        spec: The spec, or None if it has faults.
        faults: By line.
    """

    text: str
    readable: str
    choices: Choices
    spec: SweepSpec | None
    faults: list[PlacedFault]

    @classmethod
    def of(cls, text: str) -> "Draft":
        """Return the draft of a text that can be read, sound or not.

        Raises:
            SpecError: It is no mapping in YAML or JSON.
        """
        raw = content_of(text)
        spec, faults = _checked(raw, text)
        return cls(text, text, Choices.of(raw), spec, faults)


@dataclass(frozen=True)
class Posted:
    """What a browser sends: the text and the fields, either of which someone may have changed.

    Attributes:
        text: As it is now.
        shown: The text that the fields were filled from.
        form: The fields, by name.
    """

    text: str
    shown: str
    form: Mapping[str, str]

    def draft(self) -> Draft:
        """Return the draft with both changes; a text that cannot be read keeps the fields as they are."""
        try:
            before = Choices.of(content_of(self.shown))
        except SpecError:  # a browser shows only what was read
            before = Choices()
        choices = self._choices(before)
        try:
            return Draft.of(choices.written(self.text, content_of(self.text), before))
        except SpecError as error:
            return Draft(self.text, self.shown, choices, None, placed(error.faults, self.text))

    def _choices(self, before: Choices) -> Choices:
        """Return what the fields say; what has none stays as it was."""
        known = {each.name for each in fields(Choices)} - {"fixed"}
        named = {name: value.strip() for name, value in self.form.items() if name in known}
        held = {name.removeprefix(FIXED): value.strip() for name, value in self.form.items() if name.startswith(FIXED)}
        elsewhere = {name: value for name, value in before.fixed.items() if name not in held}
        fixed = {**elsewhere, **{name: value for name, value in held.items() if value}}
        return replace(before, **named, fixed=fixed)


def _checked(raw: dict[str, Any], text: str) -> tuple[SweepSpec | None, list[PlacedFault]]:
    try:
        return parse_spec(raw), []
    except SpecError as error:
        return None, placed(error.faults, text)
