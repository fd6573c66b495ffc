"""The figures of a sweep, drawn from plain values, without pyplot's global state.

Each function returns a `matplotlib.figure.Figure`; `report.py` says which are drawn and where they go. Colours are
Okabe and Ito's, which people with colour-blindness tell apart, and cividis for the epochs.
"""

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.ticker import FixedLocator, LogFormatter, MaxNLocator, NullLocator, ScalarFormatter

from sweeps.execution.result import EvaluationResult
from sweeps.search.cross_validation import fold_mean, standard_error

__all__ = ["curves_figure", "hyperparameters_figure", "samples_figure", "sweep_figure"]

Results = Sequence[EvaluationResult]

VERMILLION, BLUE, GREY, LIGHT = "#D55E00", "#0072B2", "#555555", "#BBBBBB"
PANELS_PER_ROW = 4
WIDE_RANGE = 20.0
"""Ratio of the largest to the smallest mean from which on the objective's axis is logarithmic."""


def sweep_figure(results: Results, objective: str, champion: int) -> Figure:
    """Draw the objective, mean and standard error over the folds, of every scored evaluation against its epochs."""
    scored = _scored(results)
    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = _panels(figure, 1)[0]
    for trial in sorted({result.trial for result in scored} - {champion}):
        _error_bars(axes, _of(scored, trial), color=LIGHT, linewidth=1)
    best = _of(scored, champion)
    label = f"champion, trial {champion}: {_mean_and_error(best[-1])}"
    _error_bars(axes, best, color=VERMILLION, linewidth=2.2, zorder=3, label=label)
    _scale_epochs(axes, sorted({result.epochs for result in scored}))
    _scale_objective(axes, scored)
    axes.set_ylabel(f"{objective} (lower is better), mean ± SE over folds")
    axes.set_title(_counts(results))
    axes.legend(frameon=False)
    return figure


def hyperparameters_figure(
    results: Results,
    objective: str,
    searched: Sequence[str],
    log_scaled: Collection[str],
    champion: int,
    plainest: int | None,
) -> Figure:
    """Draw each trial's objective at its last rung against each searched hyperparameter, coloured by its epochs.

    The champion is marked, and so is the plainest trial within one standard error of it, where that is another.
    """
    scored = _scored(results)
    last = [_of(scored, trial)[-1] for trial in sorted({result.trial for result in scored})]
    width = 3 * min(len(searched), PANELS_PER_ROW) + 1.5
    figure = Figure(figsize=(width, 3 * _rows(len(searched)) + 0.6), layout="constrained")
    panels = _panels(figure, len(searched))
    colours = ScalarMappable(_norm([result.epochs for result in last]), "cividis_r")
    for axes, name in zip(panels, searched, strict=True):
        _draw_panel(axes, [result for result in last if name in result.hyperparameters], name, colours)
        _mark(
            axes, last, name, {plainest: ("D", BLUE, "plainest within 1 SE"), champion: ("*", VERMILLION, "champion")}
        )
        if name in log_scaled:
            axes.set_xscale("log")
            _write_powers_plainly(axes.xaxis)
        _scale_objective(axes, last)
    for axes in panels[::PANELS_PER_ROW]:
        axes.set_ylabel(f"{objective}, mean ± SE")
    _add_epochs_bar(figure, panels, colours, sorted({result.epochs for result in last}))
    _add_legend(figure, panels)
    return figure


def curves_figure(results: Results, champion: int) -> Figure:
    """Draw L, J and then every other term of the champion by epoch: mean over the folds, and from lowest to highest."""
    trained = sorted((r for r in results if r.trial == champion and r.state == "scored"), key=lambda r: r.epochs)
    keys = sorted(trained[0].curves, key=lambda key: (not key.startswith("loss/"), not key.endswith("/L"), key))
    figure = Figure(figsize=(3 * min(len(keys), PANELS_PER_ROW), 2.5 * _rows(len(keys)) + 0.4), layout="constrained")
    for axes, key in zip(_panels(figure, len(keys)), keys, strict=True):
        epochs = [result.first_epoch + index for result in trained for index in range(len(result.epoch_times))]
        by_epoch = [values for result in trained for values in zip(*result.curves[key], strict=True)]
        colour = VERMILLION if key.startswith("loss/") else BLUE
        axes.fill_between(epochs, list(map(min, by_epoch)), list(map(max, by_epoch)), color=colour, alpha=0.2, lw=0)
        axes.plot(epochs, list(map(fold_mean, by_epoch)), color=colour, marker="." if len(epochs) < 40 else "")
        axes.set_title(key.removeprefix("train/"), fontsize=10)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    figure.supxlabel("epoch", fontsize=10)
    figure.supylabel("minibatch mean, losses in nats", fontsize=10)
    figure.suptitle(f"Trial {champion}: mean over folds, shaded from the lowest to the highest fold", fontsize=11)
    return figure


def samples_figure(samples: Path, title: str) -> Figure:
    """Show a PNG of samples, every pixel sharp."""
    picture = imread(samples)
    figure = Figure(figsize=(6, 6 * picture.shape[0] / picture.shape[1] + 0.5), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(picture, cmap="gray", interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(title, fontsize=11)
    return figure


def _scored(results: Results) -> list[EvaluationResult]:
    return sorted((result for result in results if result.folds), key=lambda result: (result.trial, result.epochs))


def _of(scored: Results, trial: int) -> list[EvaluationResult]:
    return [result for result in scored if result.trial == trial]


def _rows(panels: int) -> int:
    return math.ceil(panels / PANELS_PER_ROW)


def _panels(figure: Figure, count: int) -> list[Axes]:
    """Return empty axes in rows, without the frame's right and upper side."""
    panels = []
    for number in range(count):
        axes = figure.add_subplot(_rows(count), min(count, PANELS_PER_ROW), number + 1)
        axes.spines[["right", "top"]].set_visible(False)
        axes.grid(color="#EEEEEE")
        axes.set_axisbelow(True)
        panels.append(axes)
    return panels


def _error_bars(axes: Axes, results: Results, **style: Any) -> None:
    means = [fold_mean(result.folds) for result in results]
    axes.errorbar([result.epochs for result in results], means, _errors(results), marker="o", ms=4, capsize=2, **style)


def _errors(results: Results) -> list[float]:
    """Return standard errors; a single fold has none and gets no bar."""
    return [error if math.isfinite(error) else 0.0 for error in (standard_error(result.folds) for result in results)]


def _draw_panel(axes: Axes, results: Results, name: str, colours: ScalarMappable) -> None:
    values = [_position(result.hyperparameters[name]) for result in results]
    means = [fold_mean(result.folds) for result in results]
    axes.errorbar(values, means, _errors(results), fmt="none", ecolor=LIGHT, elinewidth=1, zorder=1)
    axes.scatter(values, means, c=colours.to_rgba(np.array([result.epochs for result in results])), s=32, zorder=2)
    axes.set_xlabel(name)


def _mark(axes: Axes, last: Results, name: str, marks: dict[int | None, tuple[str, str, str]]) -> None:
    """Set marks on trials that have the hyperparameter."""
    for result in last:
        if result.trial in marks and name in result.hyperparameters:
            marker, colour, label = marks[result.trial]
            axes.scatter(
                _position(result.hyperparameters[name]),
                fold_mean(result.folds),
                s=210,
                marker=marker,
                facecolors="none" if marker == "D" else colour,
                edgecolors=colour,
                linewidths=1.8,
                zorder=3,
                label=f"{label} (trial {result.trial})",
            )


def _position(value: Any) -> Any:
    """Return where a value stands on an axis: numbers by size, names and switches side by side."""
    return str(value) if isinstance(value, bool | str) else value


def _norm(epochs: list[int]) -> Normalize:
    return LogNorm(min(epochs), max(epochs)) if max(epochs) > min(epochs) else Normalize(0, max(epochs))


def _add_legend(figure: Figure, panels: list[Axes]) -> None:
    """Name each mark once above the panels: a panel of a conditional hyperparameter may lack some."""
    marks = {label: mark for axes in panels for mark, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(marks.values(), marks.keys(), loc="outside upper center", ncols=2, frameon=False)


def _add_epochs_bar(figure: Figure, panels: list[Axes], colours: ScalarMappable, epochs: list[int]) -> None:
    bar = figure.colorbar(colours, ax=panels, label="epochs at its last rung", pad=0.02)
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.set_ticks(epochs, labels=[str(count) for count in epochs])


def _scale_epochs(axes: Axes, epochs: list[int]) -> None:
    """Use a logarithmic axis with a tick at each rung: rungs are powers of eta."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(epochs))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.set_xlabel("epochs (log scale)")


def _scale_objective(axes: Axes, scored: Results) -> None:
    means = [fold_mean(result.folds) for result in scored]
    if min(means) > 0 and max(means) / min(means) > WIDE_RANGE:
        axes.set_yscale("log")
        _write_powers_plainly(axes.yaxis)


class _PlainPowers(LogFormatter):
    """Writes 0.1, 1 and 10 where Matplotlib's own writes powers of ten, whose setting takes a third of all drawing."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return f"{x:g}" if super().__call__(x, pos) else ""


class _Between(_PlainPowers):
    """Writes 0.3 between 0.1 and 1, and more only where an axis has room: labels below a narrow panel would touch."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        assert self.axis is not None  # set by the axis whose formatter it is
        low, high = self.axis.get_view_interval()
        return super().__call__(x, pos) if high < 4 * low or f"{x:e}"[0] == "3" else ""


def _write_powers_plainly(axis: Axis) -> None:
    axis.set_major_formatter(_PlainPowers())
    axis.set_minor_formatter(_Between(labelOnlyBase=False))


def _mean_and_error(result: EvaluationResult) -> str:
    return f"{fold_mean(result.folds):.4g} ± {standard_error(result.folds):.2g} at {result.epochs} epochs"


def _counts(results: Results) -> str:
    trials, scored = {result.trial for result in results}, _scored(results)
    text = f"{len(trials)} trials, {len(results)} evaluations"
    return text if len(scored) == len(results) else f"{text}, {len(results) - len(scored)} of them not scored"
