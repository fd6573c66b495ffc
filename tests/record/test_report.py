"""The figures of a sweep: what is drawn, at which values, and which files come out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.image import imread
from matplotlib.lines import Line2D

from sweeps.record.figures import curves_figure, hyperparameters_figure, sweep_figure
from sweeps.record.report import draw_figures
from sweeps.search.cross_validation import fold_mean, standard_error
from tests.record.synthetic import BETAS, FACTS, diverged, evaluation, sweep_results, write_samples

CHAMPION, PLAINEST = 4, 6


Points = list[tuple[float, float]]


def bars(axes: Axes) -> list[ErrorbarContainer]:
    return [container for container in axes.containers if isinstance(container, ErrorbarContainer)]


def points_of(line: Line2D) -> Points:
    return [(x, y) for x, y in np.asarray(line.get_xydata()).tolist()]


def scattered(axes: Axes) -> dict[str, Points]:
    """Return the points of every scatter on the axes, by label; those of the trials have none and are called `_`."""
    scatters = [artist for artist in axes.collections if isinstance(artist, PathCollection)]
    return {
        "_" if str(scatter.get_label()).startswith("_") else str(scatter.get_label()): [
            (x, y) for x, y in np.asarray(scatter.get_offsets()).tolist()
        ]
        for scatter in scatters
    }


def last_of(trial: int) -> float:
    """Return the mean of a trial's objective at its last rung."""
    return [fold_mean(result.folds) for result in sweep_results() if result.trial == trial][-1]


def test_the_sweep_shows_every_scored_evaluation_and_the_champion_with_its_error() -> None:
    axes = sweep_figure([*sweep_results(), diverged(8, 1)], "fid", CHAMPION).axes[0]
    drawn = sorted(point for bar in bars(axes) for point in points_of(bar.lines[0]))
    assert drawn == sorted((result.epochs, fold_mean(result.folds)) for result in sweep_results())
    legend = axes.get_legend()
    assert legend is not None
    folds = evaluation(CHAMPION, 2).folds
    text = f"champion, trial 4: {fold_mean(folds):.4g} ± {standard_error(folds):.2g} at 9 epochs"
    assert [entry.get_text() for entry in legend.get_texts()] == [text]
    assert axes.get_title() == "9 trials, 14 evaluations, 1 of them not scored"


def test_error_bars_are_one_standard_error_to_each_side() -> None:
    axes = sweep_figure([evaluation(CHAMPION, 0)], "fid", CHAMPION).axes[0]
    (low, high) = bars(axes)[0].lines[2][0].get_segments()[0][:, 1]
    folds = evaluation(CHAMPION, 0).folds
    assert (low, high) == pytest.approx(
        (fold_mean(folds) - standard_error(folds), fold_mean(folds) + standard_error(folds))
    )


def test_each_searched_hyperparameter_has_a_panel_with_each_trial_at_its_last_rung() -> None:
    figure = hyperparameters_figure(sweep_results(), "fid", FACTS.searched, {"beta", "lr"}, CHAMPION, PLAINEST)
    panels = figure.axes[: len(FACTS.searched)]
    assert [panel.get_xlabel() for panel in panels] == list(FACTS.searched)
    assert [panel.get_xscale() for panel in panels] == ["log", "linear", "linear", "log"]
    expected = [(BETAS[trial], last_of(trial)) for trial in range(9)]
    assert scattered(panels[0])["_"] == expected


def test_champion_and_plainest_are_marked_where_they_stand() -> None:
    figure = hyperparameters_figure(sweep_results(), "fid", ["beta"], {"beta"}, CHAMPION, PLAINEST)
    points = scattered(figure.axes[0])
    assert points["champion (trial 4)"] == [(BETAS[4], last_of(4))]
    assert points["plainest within 1 SE (trial 6)"] == [(BETAS[6], last_of(6))]


@pytest.mark.parametrize("plainest", [None, CHAMPION])
def test_a_champion_that_is_the_plainest_itself_is_marked_once(plainest: int | None) -> None:
    figure = hyperparameters_figure(sweep_results(), "fid", ["beta"], {"beta"}, CHAMPION, plainest)
    assert set(scattered(figure.axes[0])) == {"_", "champion (trial 4)"}


def test_choices_and_switches_stand_side_by_side() -> None:
    figure = hyperparameters_figure(sweep_results(), "fid", ["network", "hidden"], (), CHAMPION, None)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["dense"]
    assert len(scattered(figure.axes[1])["_"]) == 9


def test_trials_without_a_conditional_hyperparameter_are_left_out_of_its_panel() -> None:
    with_tau = [replace(r, hyperparameters=r.hyperparameters | {"tau": 0.5 + r.trial}) for r in sweep_results()[:2]]
    figure = hyperparameters_figure([*with_tau, *sweep_results()[2:]], "fid", ["tau", "beta"], (), CHAMPION, None)
    assert [x for x, _ in scattered(figure.axes[0])["_"]] == [0.5, 1.5]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["champion (trial 4)"]


def test_curves_run_on_over_the_rungs_with_the_spread_of_the_folds() -> None:
    results = sweep_results()
    figure = curves_figure(results, CHAMPION)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["loss/L", "loss/J", "adv_d", "adv_g", "kl_i", "kl_z", "mi_cat", "nce"]
    own = [result for result in results if result.trial == CHAMPION]
    by_epoch = [folds for result in own for folds in zip(*result.curves["loss/L"], strict=True)]
    assert points_of(figure.axes[0].lines[0]) == [(epoch + 1, fold_mean(folds)) for epoch, folds in enumerate(by_epoch)]
    (band,) = [artist for artist in figure.axes[0].collections if isinstance(artist, PolyCollection)]
    corners = np.asarray(band.get_paths()[0].vertices)
    assert {y for x, y in corners.tolist() if x == 1} == {min(by_epoch[0]), max(by_epoch[0])}


def test_all_figures_are_written_as_png(tmp_path: Path) -> None:
    samples = write_samples(tmp_path / "samples.png", CHAMPION, 2)
    paths = draw(samples, tmp_path / "a folder")
    assert [path.name for path in paths] == ["sweep.png", "hyperparameters.png", "curves.png", "samples.png"]
    assert all(min(imread(path).shape[:2]) > 300 for path in paths)


def test_without_a_picture_of_samples_the_others_are_drawn(tmp_path: Path) -> None:
    paths = draw(tmp_path / "missing.png", tmp_path)
    assert [path.name for path in paths] == ["sweep.png", "hyperparameters.png", "curves.png"]


def draw(samples: Path, folder: Path) -> list[Path]:
    return draw_figures(
        sweep_results(),
        objective="fid",
        searched=FACTS.searched,
        log_scaled=FACTS.log_scaled,
        champion=CHAMPION,
        plainest=PLAINEST,
        samples=samples,
        folder=folder,
    )
