"""The ready-made view in a real browser, on a real MLflow server, over a store that the recorder has filled.

MLflow does not document the form of a shared view, so only this test tells whether a new version still reads it.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sweeps.record.dashboard import dashboard_url
from sweeps.record.recorder import Recorder
from tests.browser.visitor import APPEAR_MILLISECONDS
from tests.record.synthetic import FACTS, sweep_results, write_samples

pytestmark = pytest.mark.browser

START_SECONDS = 90


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A store with one finished sweep of 9 trials, and the id of its experiment."""
    folder = tmp_path_factory.mktemp("record")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    recorder = Recorder(uri, folder / "artifacts", FACTS)
    recorder.open()
    for result in sweep_results():
        samples = write_samples(folder / f"{result.trial}-{result.rung}.png", result.trial, result.rung)
        recorder.record(result, samples)
    for trial in range(9):
        recorder.close_trial(trial, status="FINISHED", why="top rung" if trial == 4 else "not promoted")
    recorder.finish(status="FINISHED", metrics={"best/fid": 2.5}, artifacts=[])
    return uri, recorder.experiment_id


@pytest.fixture(scope="module")
def server(recorded: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow's own server on a free port of loopback, in a process group of its own."""
    base_url = f"http://127.0.0.1:{_free_port()}"
    log = tmp_path_factory.mktemp("server") / "mlflow.log"
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", recorded[0], "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", base_url.rpartition(":")[2]]
    settings = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=os.environ | settings, stdout=output, stderr=output, start_new_session=True
        )
    try:
        _wait_until_healthy(base_url, process, log)
        yield base_url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def page(server: str, recorded: tuple[str, str], chromium: Browser) -> Iterator[Page]:
    """The dashboard, opened by its link."""
    page = chromium.new_page(viewport={"width": 1440, "height": 2400})
    page.set_default_timeout(APPEAR_MILLISECONDS)
    expect.set_options(timeout=APPEAR_MILLISECONDS)
    page.goto(dashboard_url(server, recorded[1]))
    yield page
    page.close()


def test_the_trials_are_listed_with_the_best_first(page: Page) -> None:
    names = page.get_by_role("link", name="trial-")
    expect(names).to_have_count(9)
    best_first = sorted(range(9), key=lambda trial: [r.mean for r in sweep_results() if r.trial == trial][-1] or 0.0)
    assert names.all_text_contents() == [f"trial-{trial:03d}" for trial in best_first]


def test_parallel_coordinates_run_over_the_searched_hyperparameters_and_the_objective(page: Page) -> None:
    chart = _card(page, "Parallel Coordinates")
    expect(chart.locator(".dimension .label")).to_have_text(["log10_beta", "lambda", "alpha", "log10_lr", "cv/fid"])
    lines = chart.locator("canvas.foreground")
    expect(lines).to_be_visible()
    assert lines.evaluate("c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(byte => byte > 0)")


@pytest.mark.parametrize("weight", ["log10_beta", "lambda", "alpha"])
def test_the_objective_is_drawn_against_each_weight_for_all_trials(page: Page, weight: str) -> None:
    chart = _card(page, f"{weight} vs. cv/fid")
    expect(chart.locator(".scatterlayer .point")).to_have_count(9)
    expect(chart.locator(".xtitle")).to_have_text(weight)


@pytest.mark.parametrize(("metric", "points"), [("cv/fid", 13), ("loss/L", 21), ("loss/J", 21)])
def test_curves_hold_every_point_of_every_trial(page: Page, metric: str, points: int) -> None:
    chart = _card(page, metric)
    chart.scroll_into_view_if_needed()
    plot = chart.locator(".js-plotly-plot").element_handle()
    # MLflow draws every curve twice, hence the set.
    distinct = "new Set(plot.data.flatMap(curve => curve.x.map(epoch => curve.name + epoch))).size"
    page.wait_for_function(f"([plot, points]) => {distinct} === points", arg=[plot, points])


def test_samples_are_shown_from_step_0_and_the_slider_leads_to_the_top_rung(page: Page) -> None:
    chart = _card(page, "samples")
    chart.scroll_into_view_if_needed()
    pictures = chart.locator("img")
    expect(pictures).to_have_count(9)
    page.wait_for_function("images => images.every(i => i.naturalWidth === 160)", arg=pictures.element_handles())
    for _ in ("rung 1", "rung 2"):
        chart.get_by_role("slider").press("ArrowRight")
    expect(pictures).to_have_count(1)
    expect(chart.get_by_text("No image logged at this step")).to_have_count(8)


def test_every_other_metric_waits_in_a_closed_section(page: Page) -> None:
    headers = page.get_by_test_id("experiment-view-compare-runs-section-header")
    opened = ["Search(1)", "Objective by hyperparameter(3)", "Learning curves(3)", "Samples(1)"]
    closed = ["cv(1)", "cv_folds(3)", "val(3)", "train(6)", "seconds(2)"]
    expect(headers).to_contain_text([*opened, *closed])
    expect(page.get_by_role("heading", name="train/nce")).to_have_count(0)


def _card(page: Page, title: str) -> Locator:
    """Return the chart with this title."""
    cards = page.get_by_test_id("experiment-view-compare-runs-card")
    return cards.filter(has=page.get_by_role("heading", name=title, exact=True))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(base_url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers.

    Raises:
        RuntimeError: It ended, or did not answer in time; the message holds the end of its log.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{base_url}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(
        f"MLflow must answer at {base_url} within {START_SECONDS} s; its log ends:\n{log.read_text()[-2000:]}"
    )
