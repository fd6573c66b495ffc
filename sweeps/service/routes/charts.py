"""What is drawn of a sweep, and the pictures that its trials left."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from sweeps.errors import UnknownNameError
from sweeps.service.auth import Reader
from sweeps.service.chart_answers import Charts, Leading
from sweeps.service.desk import DeskOfApp, Ref
from sweeps.service.portrait import picture_of, portray

__all__ = ["router"]

router = APIRouter(prefix="/sweeps/{ref}", tags=["results"])

PNG = "image/png"

PNG_CONTENT: dict[str, Any] = {PNG: {"schema": {"type": "string", "format": "binary"}}}

Number = Annotated[int, Path(ge=0, le=10**9)]


class LeadingQuery(BaseModel):
    """How many trials."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    trials: int = Field(8, ge=1, le=50)


@router.get("/charts")
def charts(ref: Ref, desk: DeskOfApp, token: Reader) -> Charts:
    """Return what is drawn of a sweep: rungs that fill, and each trial against each hyperparameter."""
    return portray(desk, ref, token).charts()


@router.get("/leading")
def leading(ref: Ref, query: Annotated[LeadingQuery, Query()], desk: DeskOfApp, token: Reader) -> Leading:
    """Return the leading trials with folds, curves and pictures."""
    return portray(desk, ref, token).leading(range(query.trials))


@router.get("/trials/{trial}/samples/{rung}", response_class=Response, responses={200: {"content": PNG_CONTENT}})
def samples(ref: Ref, trial: Number, rung: Number, desk: DeskOfApp, token: Reader) -> Response:
    """Return a trial's samples at a rung, as a PNG."""
    path = picture_of(desk.files(ref, token), trial, rung)
    if path is None:
        rule = "a trial leaves samples at each rung at which it is scored"
        raise UnknownNameError(f"{rule}, but trial {trial} has none at rung {rung}. GET leading lists those that have.")
    return FileResponse(path, media_type=PNG)
