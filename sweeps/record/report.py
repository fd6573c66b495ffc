"""The pictures that a finished sweep leaves: which there are, and their files. `figures.py` draws them."""

from collections.abc import Collection, Sequence
from pathlib import Path

from sweeps.execution.result import EvaluationResult

__all__ = ["draw_figures"]

DOTS_PER_INCH = 130


def draw_figures(  # noqa: PLR0913  # one call, all by name; figures.py takes them apart
    results: Sequence[EvaluationResult],
    *,
    objective: str,
    searched: Sequence[str],
    log_scaled: Collection[str],
    champion: int,
    plainest: int | None,
    samples: Path,
    folder: Path,
) -> list[Path]:
    """Draw a sweep's figures as PNG files and return their paths.

    `sweep.png` (the objective of every evaluation), `hyperparameters.png` (the objective against what was searched),
    `curves.png` (L, J and their terms of the champion) and, if there is a picture of samples, `samples.png`.

    Args:
        results: All results of the sweep.
        objective: Name of the objective.
        searched: Names of the searched hyperparameters, at least one.
        log_scaled: Those of them that are drawn on a log scale.
        champion: The trial that won; it has at least one scored evaluation.
        plainest: The plainest trial within one standard error of it; None or the champion itself if there is no other.
        samples: PNG of the champion's samples.
        folder: Where to write; made if it is missing.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # half a second to import

    from sweeps.record import figures  # as above

    drawn = {
        "sweep": figures.sweep_figure(results, objective, champion),
        "hyperparameters": figures.hyperparameters_figure(results, objective, searched, log_scaled, champion, plainest),
        "curves": figures.curves_figure(results, champion),
    }
    if samples.exists():
        drawn["samples"] = figures.samples_figure(samples, f"Samples of the champion, trial {champion}")
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.png" for name in drawn}
    for name, figure in drawn.items():
        figure.set_dpi(DOTS_PER_INCH)
        # `savefig` draws everything twice, the first time for the layout alone.
        FigureCanvasAgg(figure).print_png(paths[name])  # type: ignore[no-untyped-call]  # Matplotlib's has no types
    return list(paths.values())
