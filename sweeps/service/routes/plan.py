"""What a sweep would do and cost."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from sweeps.service.answers import PlanAnswer
from sweeps.service.auth import Reader
from sweeps.service.desk import DeskOfApp
from sweeps.service.refs import PROJECT_PATTERN
from sweeps.service.spec_body import SPEC_BODY, SpecText, read_spec

__all__ = ["router"]

router = APIRouter(tags=["plan"])


class PlanQuery(BaseModel):
    """Whose earlier sweeps the estimate rests on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    project: str | None = Field(None, pattern=PROJECT_PATTERN)


@router.post("/plan", openapi_extra=SPEC_BODY)
def plan(text: SpecText, query: Annotated[PlanQuery, Query()], desk: DeskOfApp, token: Reader) -> PlanAnswer:
    """Plan a sweep; nothing is started, and every fault of the spec is told."""
    spec = read_spec(text)
    return PlanAnswer.of(desk.plan(spec, desk.project(query.project, token)))
