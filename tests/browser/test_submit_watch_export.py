"""A user's whole way in a real browser, over a real sweep: sign in by the link, submit, watch, take best.yaml away."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, expect
from typer.testing import CliRunner

from sweeps.cli import app
from sweeps.record.export import read_best
from sweeps.spec_checks import parse_spec
from tests.browser.visitor import visit
from tests.sweep_on_disk import RAW

pytestmark = [pytest.mark.browser, pytest.mark.ray, pytest.mark.slow]

SPEC = {**RAW, "name": "in-the-browser", "dataset": {"name": "digits", "limit": 200}, "folds": 2}

SWEEP_MILLISECONDS = 180_000
"""How long the sweep may take; it takes ten seconds on a machine that has nothing else to do."""


@contextmanager
def serving(home: Path) -> Iterator[dict[str, Any]]:
    """Run `sweeps serve` and yield what it printed; it is ended by Ctrl-C."""
    command = [sys.executable, "-m", "sweeps.cli", "serve", "--home", str(home), "--port", "0"]
    command += ["--workers", "1", "--json"]
    errors = home.parent / "errors"
    with errors.open("w") as stderr, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as run:
        assert run.stdout is not None
        line = run.stdout.readline()
        try:
            assert line, errors.read_text()
            yield json.loads(line)
        finally:
            run.send_signal(signal.SIGINT)
            run.wait(timeout=60)


def test_a_user_signs_in_submits_watches_and_takes_the_best_away(chromium: Browser, tmp_path: Path) -> None:
    with serving(tmp_path / "home") as told, visit(chromium, told["url"]) as visitor:
        page = visitor.page
        page.goto(told["link"])
        expect(page.get_by_role("heading", name="All sweeps")).to_be_visible()
        page.get_by_role("navigation").get_by_role("link", name="New sweep").click()
        page.locator("textarea[name=text]").fill(yaml.safe_dump(SPEC))
        page.get_by_role("button", name="Submit sweep").click()
        ref = parse_spec(SPEC).sweep_id
        page.wait_for_url(f"{told['url']}/sweeps/{ref}")

        expect(page.locator(".badge")).to_have_text("running", timeout=SWEEP_MILLISECONDS)
        expect(page.locator("#leaderboard tr[id]")).not_to_have_count(0, timeout=SWEEP_MILLISECONDS)
        expect(page.get_by_role("heading", name="Champion")).to_be_visible(timeout=SWEEP_MILLISECONDS)
        expect(page.get_by_text("6 of 6 evaluations")).to_be_visible()
        expect(page.locator("#leaderboard tr[id]")).to_have_count(5)

        best = read_best(tmp_path / "home" / "sweeps" / ref / "best.yaml")
        expect(page.locator("#leaderboard tr.first th")).to_have_text(str(best.champion.trial))
        expect(page.locator(".champion .score")).to_contain_text(f"{best.champion.mean:.4g}")
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Download best.yaml").click()
        exported = tmp_path / "exported.yaml"
        arguments = ["export", ref, "--home", str(tmp_path / "home"), "-o", str(exported)]
        assert CliRunner().invoke(app, arguments).exit_code == 0
        assert downloading.value.suggested_filename == "best.yaml"
        assert downloading.value.path().read_bytes() == exported.read_bytes()
        link = page.get_by_role("link", name="MLflow").get_attribute("href")
        assert link is not None
        assert link.startswith(told["mlflow"])
