"""The ready-made MLflow view of a sweep: which runs, which columns, which charts, and the link that opens it.

MLflow keeps a shared view as a tag of the experiment. The form of its content is MLflow's own and not documented
(read off its web client, version 3.17), hence the pinned version and the test in a real browser.
"""

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

from sweeps.record.images import SAMPLES_KEY
from sweeps.record.layout import log10_name

__all__ = ["VIEW_KEY", "VIEW_TAG", "dashboard_fragment", "dashboard_url", "decode_view", "encode_view", "sweep_view"]

VIEW_KEY = "sweep"
"""Name of the view in links."""

VIEW_TAG = f"mlflow.sharedViewState.{VIEW_KEY}"
"""The experiment's tag that holds the view."""

Json = dict[str, Any]

PARALLEL, WEIGHTS, CURVES, SAMPLES = "Search", "Objective by hyperparameter", "Learning curves", "Samples"
"""Titles of the sections that are open."""

OTHERS = ("cv", "cv_folds", "val", "train", "seconds")
"""Sections that are closed; MLflow itself fills them with a chart for every other metric of that group."""


def dashboard_fragment(experiment_id: str, key: str = VIEW_KEY) -> str:
    """Return what follows the server's address in the link to the view."""
    query = f"workflowType=machine_learning&viewStateShareKey={key}&compareRunsMode=CHART"
    return f"#/experiments/{experiment_id}/runs?{query}"


def dashboard_url(base_url: str, experiment_id: str, key: str = VIEW_KEY) -> str:
    """Return the link to the view on the server at `base_url`."""
    return f"{base_url.rstrip('/')}/{dashboard_fragment(experiment_id, key)}"


def encode_view(view: Json) -> str:
    """Return a view as the text of its tag; equal views have equal texts."""
    text = json.dumps(view, sort_keys=True, separators=(",", ":"))
    return "deflate;" + base64.b64encode(zlib.compress(text.encode(), level=9)).decode()


def decode_view(text: str) -> Json:
    """Return the view that `encode_view` wrote."""
    view: Json = json.loads(zlib.decompress(base64.b64decode(text.removeprefix("deflate;"))))
    return view


def sweep_view(
    objective: str, searched: Sequence[str], *, weights: Sequence[str] = (), log_scaled: Sequence[str] = ()
) -> Json:
    """Return the view of a sweep: its trials, the best first, and how they came about.

    Args:
        objective: Name of the objective.
        searched: Names of the searched hyperparameters.
        weights: Those that get a chart against the objective; empty for all of them.
        log_scaled: Those that are drawn by their decimal logarithm.
    """
    shown = {name: log10_name(name) if name in log_scaled else name for name in searched}
    score = f"cv/{objective}"
    charts = [
        _parallel(list(shown.values()), score),
        *(_scatter(shown[name], score) for name in weights or searched),
        *map(_line, (score, "loss/L", "loss/J")),
        _images(),
    ]
    return _rows(score, searched) | {"compareRunCharts": charts, "compareRunSections": _sections()}


def _rows(score: str, searched: Sequence[str]) -> Json:
    """Return which runs are listed, and with which columns."""
    columns = ["tags.`sweep.rung`", "tags.`sweep.why`", f"metrics.`{score}`", f"metrics.`{score}_se`"]
    return {
        "searchFilter": "tags.`sweep.kind` = 'trial'",
        "orderByKey": f"metrics.`{score}`",
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "selectedColumns": [*columns, *(f"params.`{name}`" for name in searched)],
        "runsHiddenMode": "SHOW_ALL",
        # Otherwise MLflow puts the sections into alphabetical order.
        "isAccordionReordered": True,
    }


def _sections() -> list[Json]:
    opened = [
        _section(PARALLEL, columns=1, height=420),
        _section(WEIGHTS, columns=3, height=340),
        _section(CURVES, columns=3, height=360),
        _section(SAMPLES, columns=1, height=560),
    ]
    return [*opened, *(_section(name, columns=3, height=340) | {"display": False} for name in OTHERS)]


def _section(name: str, *, columns: int, height: int) -> Json:
    shape = {"columns": columns, "cardHeight": height}
    return {"uuid": name, "name": name, "display": True, "isReordered": False, "deleted": False} | shape


def _chart(kind: str, name: str, section: str, **settings: Any) -> Json:
    common = {
        "type": kind,
        "uuid": f"{kind}-{name}",
        "metricSectionId": section,
        "deleted": False,
        "isGenerated": False,
    }
    return common | settings


def _parallel(parameters: list[str], score: str) -> Json:
    return _chart("PARALLEL", "search", PARALLEL, selectedParams=parameters, selectedMetrics=[score], showAllRuns=True)


def _scatter(parameter: str, score: str) -> Json:
    return _chart(
        "SCATTER",
        parameter,
        WEIGHTS,
        xaxis={"key": parameter, "type": "PARAM"},
        yaxis={"key": score, "type": "METRIC"},
        runsCountToCompare=100,
    )


def _line(metric: str) -> Json:
    return _chart(
        "LINE",
        metric,
        CURVES,
        metricKey=metric,
        selectedMetricKeys=[metric],
        xAxisKey="step",
        xAxisScaleType="linear",
        scaleType="linear",
        yAxisKey="metric",
        yAxisExpressions=[],
        lineSmoothness=0,
        selectedXAxisMetricKey="",
        ignoreOutliers=False,
        useGlobalXaxisKey=True,
        useGlobalLineSmoothing=True,
        range={},
    )


def _images() -> Json:
    return _chart("IMAGE", SAMPLES_KEY, SAMPLES, imageKeys=[SAMPLES_KEY], step=0, showRunParams=False)
