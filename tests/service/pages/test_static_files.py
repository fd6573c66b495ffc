"""The files of pages: what others wrote is what it says it is, and everything is served and shipped."""

import configparser
import hashlib
import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

import sweeps
from sweeps.service.pages.static_files import FOLDER, static
from tests.service.conftest import Service
from tests.service.pages.conftest import browser_of

PACKAGE = Path(sweeps.__file__).parent
VENDOR = FOLDER / "vendor"


def test_what_others_wrote_is_listed_with_licence_and_hash() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    told = {f"{folder}/{name}": sha for folder, each in manifest.items() for name, sha in each["files"].items()}
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.parent != VENDOR
    }
    assert told == found
    assert all((VENDOR / folder / "LICENSE").exists() and each["licence"] for folder, each in manifest.items())
    for folder, script in (("htmx", "htmx.min.js"), ("echarts", "echarts.min.js")):
        version = manifest[folder]["package"].rpartition(" ")[2]
        assert version in (VENDOR / folder / script).read_text(encoding="utf-8")


def test_every_file_is_shipped_with_the_package() -> None:
    config = configparser.ConfigParser()
    config.read(PACKAGE.parent / "setup.cfg")
    patterns = config["options.package_data"]["sweeps"].split()
    pages = PACKAGE / "service" / "pages"
    files = [path.relative_to(PACKAGE) for folder in ("static", "templates") for path in (pages / folder).rglob("*.*")]
    assert len(files) > 15
    for file in files:
        # A star matches no slash where files are collected.
        assert any(fnmatch(str(file), p) and len(Path(p).parts) == len(file.parts) for p in patterns), file


def test_a_file_is_kept_for_ever_at_an_address_with_its_hash(service: Service) -> None:
    for name, kind in (("sweeps.css", "text/css"), ("theme.js", "text/javascript"), ("icon.svg", "image/svg+xml")):
        answer = browser_of(service).ask("GET", static(name))
        assert answer.content == (FOLDER / name).read_bytes()
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_all_files_have_one_hash_so_that_a_script_finds_another_beside_it() -> None:
    names = [path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js")]
    (folder,) = {static(name).removesuffix(name) for name in names}
    assert re.fullmatch(r"/static/[0-9a-f]{16}/", folder)


@pytest.mark.parametrize(
    "path", ["0000000000000000/sweeps.css", "x/../../render.py", "x/%2e%2e/%2e%2e/render.py", "x/none.js", "x/"]
)
def test_nothing_else_is_served(service: Service, path: str) -> None:
    answer = browser_of(service).ask("GET", f"/static/{path}")
    assert answer.status_code in (303, 404)
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_not_there_has_no_address() -> None:
    with pytest.raises(KeyError):
        static("none.js")


def test_pages_name_nothing_elsewhere_and_nothing_inline() -> None:
    for path in (PACKAGE / "service" / "pages" / "templates").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "http:" not in text and "https:" not in text and 'src="//' not in text, path
        assert " style=" not in text and "<style" not in text and " onclick=" not in text and "hx-on" not in text, path
        assert (
            "| safe" not in text
            and "<script>" not in text
            and "[" not in "".join(part.partition('"')[0] for part in text.split('hx-trigger="')[1:])
        ), path
