"""What is drawn of a sweep, computed from its results: pure, but for a look at which evaluations have been begun."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Literal

from search_spaces.domains import Choice, LogUniform, Value
from search_spaces.space import Dimension, SearchSpace, is_active
from sweeps.execution.storage import SweepFiles
from sweeps.progress import Computed, RungProgress, take_stock
from sweeps.search.cross_validation import fold_mean, standard_error
from sweeps.search.halving import Halving, Outcome
from sweeps.service.chart_answers import AxisAnswer, BracketStanding, Charts, PointAnswer, RungStanding
from sweeps.service.sketches import Sketch
from sweeps.spec import SweepSpec

__all__ = ["Key", "begun", "by_trial", "draw_charts", "drawn"]

Key = tuple[int, int]
"""A trial and a rung."""


def draw_charts(spec: SweepSpec, sketches: Sequence[Sketch], is_begun: Callable[[Key], bool]) -> Charts:
    """Return a sweep as it is drawn.

    Args:
        spec: What was submitted.
        sketches: Its results, by trial and rung.
        is_begun: Tells whether an evaluation without a result is being trained.
    """
    space, ladder = spec.search_space(), spec.ladder()
    halvings = _replay(map(Halving, ladder), sketches)
    last = [scored[-1] for rungs in by_trial(sketches) if (scored := [each for each in rungs if each.folds])]
    return Charts(
        objective=spec.objective,
        max_epochs=spec.hyperband.max_epochs,
        evaluations=len(sketches),
        planned=ladder.evaluations,
        brackets=_brackets(halvings, {key for key in _missing(halvings) if is_begun(key)}),
        axes=[_axis(dimension) for dimension in space],
        points=[_point(sketch, space) for sketch in last],
    )


def begun(files: SweepFiles) -> Callable[[Key], bool]:
    """Return what tells whether a worker of the present process has begun an evaluation, by the time of its log."""
    since = _changed_ns(files.lease)

    def is_begun(key: Key) -> bool:
        return since is not None and (_changed_ns(files.log(*key)) or 0) >= since

    return is_begun


def by_trial(sketches: Sequence[Sketch]) -> list[list[Sketch]]:
    """Return each trial with its results, by rung."""
    return [list(rungs) for _, rungs in groupby(sketches, key=lambda sketch: sketch.trial)]


def drawn(sketch: Sketch, space: SearchSpace) -> dict[str, Value]:
    """Return what was drawn of a configuration, without what exists only under a condition that does not hold."""
    known = sketch.hyperparameters
    return {d.name: known[d.name] for d in space if d.name in known and is_active(d, known)}


def _changed_ns(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _replay(halvings: Iterable[Halving], sketches: Sequence[Sketch]) -> tuple[Halving, ...]:
    replayed = tuple(halvings)
    for sketch in sketches:
        replayed[sketch.bracket].tell(Outcome(sketch.trial, sketch.rung, sketch.folds))
    return replayed


def _missing(halvings: Sequence[Halving]) -> list[Key]:
    """Return the evaluations that could be trained now: those that the present rung of each bracket still lacks."""
    return [
        (trial, halving.rung)
        for halving in halvings
        for trial in halving.entrants[halving.rung]
        if trial not in halving.told[halving.rung]
    ]


def _brackets(halvings: Sequence[Halving], running: set[Key]) -> list[BracketStanding]:
    stock = take_stock("", halvings, running=running, computed=Computed(), workers=0)
    return [
        BracketStanding(
            bracket=halving.bracket.number,
            rungs=[_rung(number, rung, halving) for number, rung in enumerate(rungs)],
        )
        for halving, rungs in zip(halvings, stock.brackets, strict=True)
    ]


def _rung(number: int, rung: RungProgress, halving: Halving) -> RungStanding:
    higher = halving.entrants[number + 1] if number < halving.rung else None
    return RungStanding(
        epochs=rung.epochs,
        trials=rung.trials,
        done=rung.done,
        running=rung.running,
        fallen=sum(1 for outcome in halving.told[number].values() if not outcome.folds),
        promoted=None if higher is None else len(higher),
    )


def _axis(dimension: Dimension) -> AxisAnswer:
    domain = dimension.domain
    if isinstance(domain, Choice):
        choices = [_text(value) for value in domain.values]
        return AxisAnswer(name=dimension.name, scale="choice", low=None, high=None, choices=choices)
    scale: Literal["linear", "log"] = "log" if isinstance(domain, LogUniform) else "linear"
    return AxisAnswer(name=dimension.name, scale=scale, low=domain.low, high=domain.high, choices=[])


def _point(sketch: Sketch, space: SearchSpace) -> PointAnswer:
    known = drawn(sketch, space)
    return PointAnswer(
        trial=sketch.trial,
        bracket=sketch.bracket,
        epochs=sketch.epochs,
        mean=fold_mean(sketch.folds),
        standard_error=standard_error(sketch.folds),
        values=[_on_axis(known.get(dimension.name), dimension) for dimension in space],
    )


def _on_axis(value: Value | None, dimension: Dimension) -> Value | None:
    return _text(value) if value is not None and isinstance(dimension.domain, Choice) else value


def _text(value: Value) -> str:
    """Return a value of a choice as YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
