"""What is drawn of a sweep, and the pictures that its trials left."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from sweeps.errors import UnknownNameError
from sweeps.execution.storage import SweepFiles
from sweeps.service.auth import Reader
from sweeps.service.chart_answers import Charts, Leading
from sweeps.service.charts import Key, begun, draw_charts
from sweeps.service.desk import DeskOfApp, Ref
from sweeps.service.leading import find_leading
from sweeps.service.state import has_process
from sweeps.standing import read_spec

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
    view, files = desk.view(ref, token), desk.files(ref, token)
    is_begun = begun(files) if has_process(view.state) else _never
    return draw_charts(read_spec(files), desk.sketches.of(files), is_begun)


@router.get("/leading")
def leading(ref: Ref, query: Annotated[LeadingQuery, Query()], desk: DeskOfApp, token: Reader) -> Leading:
    """Return the leading trials with folds, curves and pictures."""
    files = desk.files(ref, token)

    def picture_of(key: Key) -> str | None:
        trial, rung = key
        known = files.samples(trial, rung).exists()
        return f"/api/v1/sweeps/{ref}/trials/{trial}/samples/{rung}" if known else None

    return find_leading(read_spec(files).search_space(), desk.sketches.of(files), query.trials, picture_of)


@router.get("/trials/{trial}/samples/{rung}", response_class=Response, responses={200: {"content": PNG_CONTENT}})
def samples(ref: Ref, trial: Number, rung: Number, desk: DeskOfApp, token: Reader) -> Response:
    """Return a trial's samples at a rung, as a PNG."""
    return Response(_picture(desk.files(ref, token), trial, rung), media_type=PNG)


def _picture(files: SweepFiles, trial: int, rung: int) -> bytes:
    """Return the bytes of a picture that lies in the sweep's own folder.

    Raises:
        UnknownNameError: There is none; a link that leads elsewhere is none.
    """
    path = files.samples(trial, rung)
    try:
        is_ours = path.resolve(strict=True).is_relative_to(files.root.resolve())
        content = path.read_bytes() if is_ours else b""
    except OSError:
        content = b""
    if not content:
        rule = "a trial leaves samples at each rung at which it is scored"
        raise UnknownNameError(f"{rule}, but trial {trial} has none at rung {rung}. GET leading lists those that have.")
    return content


def _never(_: Key) -> bool:
    return False
