"""What a sweep has found: trials, evaluations and the best configuration, read from its files."""

import json
from itertools import groupby
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from sweeps.errors import UnknownNameError
from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import SweepFiles
from sweeps.service.answers import EvaluationPage, EvaluationSummary, TrialAnswer, TrialPage, TrialSummary
from sweeps.service.auth import Reader
from sweeps.service.desk import DeskOfApp, Ref
from sweeps.service.paging import MOST, take_page

__all__ = ["router"]

router = APIRouter(prefix="/sweeps/{ref}", tags=["results"])

YAML = "application/yaml"

BEST_CONTENT: dict[str, Any] = {
    YAML: {"schema": {"type": "string"}, "example": "model: beta_vae\nobjective: fid\nchampion: {trial: 4}\n"},
    "application/json": {"schema": {"type": "object"}},
}


class PageQuery(BaseModel):
    """How many at a time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(50, ge=1, le=MOST)
    cursor: str | None = Field(None, description="`next` of the page before.")


@router.get("/trials")
def trials(ref: Ref, query: Annotated[PageQuery, Query()], desk: DeskOfApp, token: Reader) -> TrialPage:
    """List the trials, each as far as it has come."""
    files = desk.files(ref, token)
    latest = [list(rungs)[-1] for _, rungs in groupby(files.evaluations(), key=lambda evaluation: evaluation[0])]
    page, following = take_page(latest, key=_as_is, cursor=query.cursor, limit=query.limit)
    return TrialPage(trials=[TrialSummary.of(_result(files, *each)) for each in page], next=following)


@router.get("/trials/{trial}")
def trial(ref: Ref, trial: Annotated[int, Path(ge=0, le=10**9)], desk: DeskOfApp, token: Reader) -> TrialAnswer:
    """Show a trial with each of its evaluations, measures and curves."""
    files = desk.files(ref, token)
    results = [_result(files, *evaluation) for evaluation in files.evaluations() if evaluation[0] == trial]
    if not results:
        raise UnknownNameError(
            f"a trial has a result before it is told, but trial {trial} has none. List those that have."
        )
    return TrialAnswer.of_all(results)


@router.get("/evaluations")
def evaluations(ref: Ref, query: Annotated[PageQuery, Query()], desk: DeskOfApp, token: Reader) -> EvaluationPage:
    """List the evaluations by trial and rung."""
    files = desk.files(ref, token)
    page, following = take_page(files.evaluations(), key=_as_is, cursor=query.cursor, limit=query.limit)
    return EvaluationPage(evaluations=[EvaluationSummary.of(_result(files, *each)) for each in page], next=following)


@router.get("/best", response_class=Response, responses={200: {"content": BEST_CONTENT}})
def best(ref: Ref, desk: DeskOfApp, token: Reader, accept: Annotated[str, Header()] = YAML) -> Response:
    """Return the best configuration of a finished sweep, as YAML or as JSON by the header Accept."""
    files = desk.files(ref, token)
    try:
        text = files.best.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UnknownNameError(
            "only a finished sweep has a champion, and this one has none. Wait until it has."
        ) from None
    if _prefers_json(accept):
        return Response(json.dumps(yaml.safe_load(text)), media_type="application/json", headers={"Vary": "Accept"})
    return Response(text, media_type=YAML, headers={"Vary": "Accept"})


def _as_is(evaluation: tuple[int, int]) -> tuple[int, int]:
    return evaluation


def _result(files: SweepFiles, trial: int, rung: int) -> EvaluationResult:
    result = files.read_result(trial, rung)
    assert result is not None  # it was listed, and results are never deleted
    return result


def _prefers_json(accept: str) -> bool:
    """Tell whether JSON stands in an Accept header with a higher weight than YAML, or before it with the same."""
    weights = {"application/json": 0.0, YAML: 0.0}
    for order, part in enumerate(accept.split(",")):
        media, _, parameters = part.strip().partition(";")
        if media.strip() in weights:
            weights[media.strip()] = _quality(parameters) - order * 1e-6
    return weights["application/json"] > weights[YAML]


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return min(1.0, max(0.0, float(value))) if name == "q" else 1.0
    except ValueError:
        return 1.0
