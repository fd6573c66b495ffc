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
    if name not in _files():
        raise KeyError(name)
    return f"/static/{_version()}/{name}"


@router.get("/static/{version}/{name:path}")
def file(version: str, name: str) -> Response:
    """Return a file, to everyone; only names that are listed lead to one, so that none leads out of the folder."""
    if version != _version() or name not in _files():
        return problem_response(404, "The files of pages are found by their hash; load the page again.")
    return FileResponse(FOLDER / name, headers={"Cache-Control": FOR_EVER})


@cache
def _files() -> list[str]:
    """Return the name of every file."""
    return sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())


@cache
def _version() -> str:
    hashes = hashlib.sha256()
    for name in _files():
        hashes.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256((FOLDER / name).read_bytes()).digest())
    return hashes.hexdigest()[:16]
