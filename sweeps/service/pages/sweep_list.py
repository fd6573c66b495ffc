"""The page of all sweeps: how they stand, live."""

from fastapi import APIRouter, Request, Response

from sweeps.service.auth import Reader
from sweeps.service.desk import DeskOfApp
from sweeps.service.pages.render import page

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/")
def sweeps(request: Request, desk: DeskOfApp, token: Reader) -> Response:
    """Show the sweeps that a token sees, the latest first."""
    return page(request, "sweeps.html", {"sweeps": desk.views(token)})
