"""The page on which a sweep is written, as a form and as YAML, with its faults and its plan while one types."""

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from models.dataset_facts import DATASETS
from models.hyperparameters import HYPERPARAMETERS, rules
from models.objectives import OBJECTIVES
from models.presets import Preset, load_preset, preset_names
from models.rule import Rule, Value, in_a_spec
from sweeps.errors import Fault
from sweeps.plan import Plan
from sweeps.service.auth import Reader, Submitter
from sweeps.service.desk import Desk, DeskOfApp
from sweeps.service.pages.choices import INLINE
from sweeps.service.pages.draft import FIXED, Draft, Posted
from sweeps.service.pages.render import page
from sweeps.service.pages.spec_edit import section
from sweeps.service.problems import ForbiddenError, RequestError
from sweeps.service.refs import PROJECT_PATTERN
from sweeps.service.routes.sweeps import HIGHEST_PRIORITY, who
from sweeps.service.tokens import Token

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

BEGINNING = """\
name: digits-beta-vae
model: beta_vae
dataset: digits
space: beta_vae
fixed: {latent_dim: 16}
objective: fid
folds: 10
hyperband: {max_epochs: 9, eta: 3}
"""


@dataclass(frozen=True)
class Knob:
    """A hyperparameter as a field.

    Attributes:
        rule: What it may be.
        value: What it is fixed at, or empty.
        otherwise: What it is if it is not fixed.
        is_searched: Whether the sweep searches it.
    """

    rule: Rule
    value: str
    otherwise: str
    is_searched: bool

    @property
    def options(self) -> list[str]:
        """What there is to choose from; nothing for numbers."""
        return [in_a_spec(choice) for choice in self.rule.choices]


@dataclass(frozen=True)
class Sent:
    """A form as it was sent.

    Attributes:
        posted: The spec in it.
        project: Where the sweep is to belong; None if that is open.
        priority: How soon it is to start.
    """

    posted: Posted
    project: str | None
    priority: int


async def _sent(request: Request) -> Sent:
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    text, shown = (form.pop(name, "").replace("\r\n", "\n") for name in ("text", "shown"))
    project, priority = form.pop("project", "").strip(), form.pop("priority", "")
    return Sent(Posted(text, shown, form), project or None, _priority(priority))


Form = Annotated[Sent, Depends(_sent)]


@router.get("/new")
def begin(request: Request, desk: DeskOfApp, token: Reader, like: Annotated[str | None, Query()] = None) -> Response:
    """Show a spec to begin with, or that of another sweep."""
    sent = Sent(Posted("", "", {}), None, 0)
    return _shown(request, desk, token, Draft.of(_text_of(like, desk, token) if like else BEGINNING), sent)


@router.post("/new/draft")
def draft(request: Request, form: Form, desk: DeskOfApp, token: Reader) -> Response:
    """Show a spec after a change, with its faults or its plan."""
    return _shown(request, desk, token, form.posted.draft(), form)


@router.post("/new")
def submit(request: Request, form: Form, desk: DeskOfApp, token: Submitter) -> Response:
    """Submit the sweep and show it; one with faults is shown again."""
    written = form.posted.draft()
    if written.spec is None:
        return _shown(request, desk, token, written, form, status=422)
    project = desk.project(_project(form, token), token)
    view, _ = desk.board.submit(written.spec, project=project, priority=form.priority, by=who(token), key="")
    return RedirectResponse(f"/sweeps/{view.ref}", 303)


def _shown(request: Request, desk: Desk, token: Token, draft: Draft, sent: Sent, *, status: int = 200) -> Response:
    chosen = draft.choices
    told = {
        "draft": draft,
        "plan": _plan(desk, token, draft, sent),
        "models": {name: kind.__doc__ or "" for name, kind in HYPERPARAMETERS.items()},
        "datasets": DATASETS,
        "objectives": _objectives(chosen.model),
        "presets": [load_preset(chosen.model, name) for name in preset_names(chosen.model) if _is_model(chosen.model)],
        "preset": _preset(draft),
        "knobs": _knobs(draft),
        "inline": INLINE,
        "fixed": FIXED,
        "projects": sorted(token.projects) if token.projects else None,
        "known_projects": sorted({view.project for view in desk.views(token)}),
        "project": sent.project or "",
        "project_pattern": PROJECT_PATTERN.strip("^$"),
        "priority": sent.priority,
        "highest_priority": HIGHEST_PRIORITY,
    }
    return page(request, "_new.html" if "hx-request" in request.headers else "new.html", told, status=status)


def _plan(desk: Desk, token: Token, draft: Draft, sent: Sent) -> Plan | None:
    """Return the plan of a draft without faults; a project that is still being typed is none."""
    if draft.spec is None:
        return None
    with suppress(RequestError, ForbiddenError):
        return desk.plan(draft.spec, desk.project(_project(sent, token), token))
    return desk.plan(draft.spec, desk.project(_own(token), token))


def _project(sent: Sent, token: Token) -> str | None:
    """Return the project that was named, else the first of the token's; None if that is open.

    Raises:
        RequestError: It cannot be one.
    """
    if sent.project is None:
        return _own(token)
    if re.fullmatch(PROJECT_PATTERN, sent.project) is None:
        rule = "a project is 1 to 30 of a-z, 0-9 and '-', and begins with a letter or digit"
        raise RequestError(Fault("project", rule, repr(sent.project), "Write it as in team-a."))
    return sent.project


def _own(token: Token) -> str | None:
    return min(token.projects) if token.projects else None


def _objectives(model: str) -> list[str]:
    has_likelihood = not _is_model(model) or HYPERPARAMETERS[model].has_likelihood
    return [name for name, facts in OBJECTIVES.items() if has_likelihood or not facts.needs_likelihood]


def _knobs(draft: Draft) -> list[Knob]:
    """Return the hyperparameters of the model that is chosen, in their order."""
    if not _is_model(draft.choices.model):
        return []
    preset, searched = _preset(draft), set(draft.spec.space) if draft.spec else set()
    held: dict[str, Value] = dict(preset.hyperparameters) if preset else {}
    return [
        Knob(rule, draft.choices.fixed.get(name, ""), in_a_spec(held.get(name, rule.default)), name in searched)
        for name, rule in rules(draft.choices.model).items()
    ]


def _preset(draft: Draft) -> Preset | None:
    model, name = draft.choices.model, draft.choices.preset
    return load_preset(model, name) if _is_model(model) and name in preset_names(model) else None


def _is_model(name: str) -> bool:
    return name in HYPERPARAMETERS


def _text_of(ref: str, desk: Desk, token: Token) -> str:
    """Return the spec of a sweep as a text."""
    files = desk.files(ref, token)
    spec: dict[str, Any] = files.read_json(files.spec) or {}
    return "".join(f"{section(name, value)}\n" for name, value in spec.items())


def _priority(text: str) -> int:
    """Return a priority, the nearest that there is; 0 for what is no number."""
    number = int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else 0
    return max(-HIGHEST_PRIORITY, min(HIGHEST_PRIORITY, number))
