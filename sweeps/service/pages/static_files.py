"""The files of pages: scripts, styles and pictures, each at an address with its hash, and so to be kept for ever."""

import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

from sweeps.service.problems import problem_response

__all__ = ["FOLDER", "router", "static"]

FOLDER = Path(__file__).with_name("static")

FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


def static(name: str) -> str:
    """Return the address of a file, by its name within the folder.

    Raises:
        KeyError: There is no such file.
    """
    return f"/static/{_hashes()[name]}/{name}"


@router.get("/static/{version}/{name:path}")
def file(version: str, name: str) -> Response:
    """Return a file, to everyone; only names that are listed lead to one, so that none leads out of the folder."""
    if _hashes().get(name) != version:
        return problem_response(404, "The files of pages are found by their hash; load the page again.")
    return FileResponse(FOLDER / name, headers={"Cache-Control": FOR_EVER})


@cache
def _hashes() -> dict[str, str]:
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    return {path.relative_to(FOLDER).as_posix(): _hash(path) for path in files}


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
