"""The service about itself: whether it lives, whether it can work, its figures, and what it can be asked."""

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from sweeps.service.auth import MAY_READ, Reader
from sweeps.service.desk import DeskOfApp
from sweeps.service.metrics import MEDIA_TYPE, Metrics
from sweeps.service.problems import NotReadyError

__all__ = ["router"]

router = APIRouter(tags=["service"])


class Alive(BaseModel):
    """The service answers."""

    status: Literal["ok"] = "ok"


class Ready(Alive):
    """The service can work: each part that it needs says so."""

    checks: dict[str, str]


@router.get("/healthz")
def healthz() -> Alive:
    """Tell that the service lives; the one route that needs no token."""
    return Alive()


@router.get("/readyz", dependencies=[MAY_READ])
def readyz(desk: DeskOfApp) -> Ready:
    """Tell whether the service can work, by asking MLflow, the storage and the executor."""
    checks = desk.board.health()
    wrong = [f"{part}: {said}" for part, said in sorted(checks.items()) if said != "ok"]
    if wrong:
        raise NotReadyError("; ".join(wrong))
    return Ready(checks=checks)


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
)
def metrics(request: Request, desk: DeskOfApp, token: Reader) -> Response:
    """Return the service's figures for Prometheus: requests, and the token's sweeps by state."""
    figures: Metrics = request.app.state.metrics
    return Response(figures.text(view.state for view in desk.views(token)), headers={"Content-Type": MEDIA_TYPE})


@router.get("/api/v1/openapi.json", dependencies=[MAY_READ])
def openapi(request: Request) -> dict[str, Any]:
    """Return this description of the service."""
    described: dict[str, Any] = request.app.openapi()
    return described
