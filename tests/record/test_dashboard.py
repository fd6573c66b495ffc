"""The form of the ready-made view; whether MLflow reads it, tests/browser tells."""

from sweeps.record.dashboard import VIEW_KEY, dashboard_url, decode_view, encode_view, sweep_view

MAX_TAG = 20_000
"""Characters that MLflow takes in an experiment's tag."""


def test_the_view_survives_its_encoding_and_fits_a_tag() -> None:
    searched = [f"hyperparameter_{number}" for number in range(20)]
    view = sweep_view("fid", searched)
    assert decode_view(encode_view(view)) == view
    assert encode_view(view).startswith("deflate;")
    assert len(encode_view(view)) < MAX_TAG


def test_equal_views_have_equal_texts() -> None:
    assert encode_view(sweep_view("fid", ["beta"])) == encode_view(sweep_view("fid", ("beta",)))


def test_log_scaled_hyperparameters_are_drawn_by_their_logarithm() -> None:
    charts = sweep_view("fid", ["beta", "alpha"], weights=["beta"], log_scaled=["beta"])["compareRunCharts"]
    assert charts[0]["selectedParams"] == ["log10_beta", "alpha"]
    assert [chart["xaxis"]["key"] for chart in charts if chart["type"] == "SCATTER"] == ["log10_beta"]


def test_without_weights_every_searched_hyperparameter_is_drawn() -> None:
    charts = sweep_view("nelbo", ["lr", "hidden"])["compareRunCharts"]
    assert [chart["xaxis"]["key"] for chart in charts if chart["type"] == "SCATTER"] == ["lr", "hidden"]
    assert {chart["yaxis"]["key"] for chart in charts if chart["type"] == "SCATTER"} == {"cv/nelbo"}


def test_every_chart_stands_in_a_section_and_has_a_name_of_its_own() -> None:
    view = sweep_view("fid", ["beta", "lambda", "lr"])
    sections = {section["uuid"] for section in view["compareRunSections"]}
    assert {chart["metricSectionId"] for chart in view["compareRunCharts"]} <= sections
    assert len({chart["uuid"] for chart in view["compareRunCharts"]}) == len(view["compareRunCharts"]) == 8


def test_the_link_opens_the_charts_in_the_mode_for_training() -> None:
    link = f"http://127.0.0.1:5000/#/experiments/7/runs?workflowType=machine_learning&viewStateShareKey={VIEW_KEY}"
    assert dashboard_url("http://127.0.0.1:5000/", "7") == f"{link}&compareRunsMode=CHART"
