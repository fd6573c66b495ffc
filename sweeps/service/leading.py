"""The leading trials of a sweep in full: folds, curves and pictures, of as many as one can look at."""

from collections.abc import Callable, Sequence

from search_spaces.space import SearchSpace
from sweeps.search.cross_validation import fold_mean, standard_error
from sweeps.service.chart_answers import Leader, Leading, Picture, Scored
from sweeps.service.charts import Key, by_trial, drawn
from sweeps.service.sketches import Sketch

__all__ = ["find_leading"]

PictureOf = Callable[[Key], str | None]


def find_leading(space: SearchSpace, sketches: Sequence[Sketch], places: range, picture_of: PictureOf) -> Leading:
    """Return the trials that lead: who was trained longer first, then whose mean is lower; the fallen come last.

    Args:
        space: What is searched.
        sketches: Its results, by trial and rung.
        places: Which of them, from 0.
        picture_of: Returns the address of an evaluation's samples, or None if there are none.
    """
    trials = by_trial(sketches)
    ranked = sorted(trials, key=lambda rungs: _rank(rungs[-1]))
    leaders = [_leader(place + 1, ranked[place], space, picture_of) for place in places if place < len(ranked)]
    return Leading(trials=len(trials), leaders=leaders)


def _rank(last: Sketch) -> tuple[bool, int, float, int]:
    return (last.mean is None, -last.epochs, last.mean or 0.0, last.trial)


def _leader(place: int, rungs: list[Sketch], space: SearchSpace, picture_of: PictureOf) -> Leader:
    last = rungs[-1]
    return Leader(
        place=place,
        trial=last.trial,
        bracket=last.bracket,
        rung=last.rung,
        epochs=last.epochs,
        state=last.state,
        reason=last.reason,
        mean=last.mean,
        standard_error=last.standard_error,
        folds=list(last.folds),
        hyperparameters=drawn(last, space),
        rungs=[_scored(sketch) for sketch in rungs if sketch.folds],
        curves=_joined(rungs),
        pictures=[
            Picture(rung=sketch.rung, epochs=sketch.epochs, href=href)
            for sketch in rungs
            if (href := picture_of((sketch.trial, sketch.rung))) is not None
        ],
    )


def _scored(sketch: Sketch) -> Scored:
    return Scored(epochs=sketch.epochs, mean=fold_mean(sketch.folds), standard_error=standard_error(sketch.folds))


def _joined(rungs: list[Sketch]) -> dict[str, list[float]]:
    """Return each term by epoch over all rungs: a trial that goes on continues its curves."""
    terms = sorted({term for sketch in rungs for term in sketch.curves})
    return {term: [value for sketch in rungs for value in sketch.curves.get(term, ())] for term in terms}
