"""How a sweep is named outside of its folder: by its id in project `default`, elsewhere by `project~id`."""

import re
from pathlib import Path

from sweeps.execution.storage import Home

__all__ = ["DEFAULT_PROJECT", "PROJECT_PATTERN", "REF_PATTERN", "make_ref", "project_home", "split_ref"]

DEFAULT_PROJECT = "default"
"""The project whose home is that of the service, so that commands without a service see the same sweeps."""

PROJECT_PATTERN = r"^[a-z0-9][a-z0-9-]{0,29}$"

REF_PATTERN = r"^([a-z0-9][a-z0-9-]{0,29}~)?[a-z0-9][a-z0-9._-]{0,62}-[0-9a-f]{8}$"


def make_ref(project: str, sweep_id: str) -> str:
    """Return the name of a sweep that no other sweep of any project has."""
    return sweep_id if project == DEFAULT_PROJECT else f"{project}~{sweep_id}"


def split_ref(ref: str) -> tuple[str, str] | None:
    """Return project and sweep id, or None if no sweep can have this name; the only way from a ref to a path."""
    if re.fullmatch(REF_PATTERN, ref) is None or ref.startswith(f"{DEFAULT_PROJECT}~"):
        return None
    project, _, sweep_id = ref.rpartition("~")
    return project or DEFAULT_PROJECT, sweep_id


def project_home(root: Path, project: str) -> Home:
    """Return where a project's sweeps are, within the home of the service."""
    return Home(root if project == DEFAULT_PROJECT else root / "projects" / project)
