"""What is drawn of a sweep, beside what the search itself knows of it."""

import os
from pathlib import Path

import pytest

from sweeps.execution.storage import Home, write_atomically
from sweeps.search.cross_validation import fold_mean, standard_error
from sweeps.search.search import Outcome
from sweeps.service.chart_answers import Charts
from sweeps.service.charts import Key, begun, draw_charts
from sweeps.service.sketches import Sketch, Sketches
from sweeps.spec import SweepSpec
from tests.sweep_on_disk import begin, diverged, new_search, result_of, small_spec

SPEC = small_spec(folds=2, hyperband={"max_epochs": 9})


def draw(home: Home, spec: SweepSpec = SPEC, evaluations: int | None = None, running: set[Key] | None = None) -> Charts:
    sketches = Sketches().of(begin(home, spec, evaluations))
    return draw_charts(spec, sketches, (running or set()).__contains__)


def test_rungs_fill_as_results_come(home: Home) -> None:
    assert [(rung.trials, rung.epochs) for rung in draw(home, evaluations=0).brackets[0].rungs] == [
        (9, 1),
        (3, 3),
        (1, 9),
    ]
    charts = draw(home, evaluations=4, running={(4, 0), (5, 0), (0, 1)})
    first = charts.brackets[0].rungs[0]
    # Nobody can be trained for a rung whose entrants are not known.
    assert [(rung.done, rung.running, rung.promoted) for rung in charts.brackets[0].rungs] == [
        (4, 2, None),
        (0, 0, None),
        (0, 0, None),
    ]
    assert (first.fallen, charts.evaluations, charts.planned) == (0, 4, SPEC.ladder().evaluations)


def test_a_finished_sweep_has_promoted_whom_the_plan_says(home: Home) -> None:
    charts = draw(home)
    assert charts.evaluations == charts.planned
    for bracket, planned in zip(charts.brackets, SPEC.ladder(), strict=True):
        taken = [rung.trials for rung in planned.rungs]
        assert [rung.done for rung in bracket.rungs] == taken
        assert [rung.promoted for rung in bracket.rungs] == [*taken[1:], None]


def test_the_fallen_are_counted_and_have_no_point(home: Home) -> None:
    search, files = new_search(SPEC), begin(home, SPEC, evaluations=0)
    for number in range(9):
        evaluation = search.ask()
        assert evaluation is not None
        result = result_of(SPEC, evaluation)
        result = files.write_result(diverged(result) if number in (1, 3) else result)
        search.tell(Outcome(result.trial, result.rung, tuple(result.folds)))
    charts = draw_charts(SPEC, Sketches().of(files), lambda key: False)
    rung = charts.brackets[0].rungs[0]
    assert (rung.done, rung.fallen, rung.promoted) == (9, 2, 3)
    assert [point.trial for point in charts.points] == [0, 2, 4, 5, 6, 7, 8]


def test_each_trial_is_a_point_at_its_last_rung(home: Home) -> None:
    charts = draw(home)
    results = {result.trial: result for result in begin(home, SPEC).results()}
    assert [point.trial for point in charts.points] == sorted(results)
    for point in charts.points:
        result = results[point.trial]
        assert (point.epochs, point.mean) == (result.epochs, fold_mean(result.folds))
        assert point.standard_error == standard_error(result.folds)
        named = dict(zip([axis.name for axis in charts.axes], point.values, strict=True))
        assert named == {name: result.hyperparameters[name] for name in SPEC.search_space().names}


def test_axes_are_scaled_as_their_domains_are_drawn(home: Home) -> None:
    spec = small_spec(
        dataset="affine-digits",
        space={
            "beta": {"type": "log_uniform", "low": 0.1, "high": 10},
            "hidden": {"type": "integer", "low": 8, "high": 32},
            "lr": {"type": "uniform", "low": 0.001, "high": 0.01},
            "network": {"type": "choice", "values": ["dense", "conv"]},
        },
        fixed={"latent_dim": 4},
    )
    axes = {axis.name: axis for axis in draw(home, spec).axes}
    assert {name: axis.scale for name, axis in axes.items()} == {
        "beta": "log",
        "hidden": "linear",
        "lr": "linear",
        "network": "choice",
    }
    assert (axes["beta"].low, axes["beta"].high, axes["beta"].choices) == (0.1, 10, [])
    assert (axes["network"].low, axes["network"].choices) == (None, ["dense", "conv"])


def test_a_hyperparameter_whose_condition_does_not_hold_has_no_value(home: Home) -> None:
    spec = small_spec(
        dataset="affine-digits",
        space={
            "network": {"type": "choice", "values": ["dense", "conv"]},
            "layers": {"type": "integer", "low": 1, "high": 3, "when": {"network": "dense"}},
        },
        fixed={"latent_dim": 4},
        hyperband={"max_epochs": 9},
    )
    charts = draw(home, spec)
    names = [axis.name for axis in charts.axes]
    networks = {point.values[names.index("network")] for point in charts.points}
    assert networks == {"dense", "conv"}
    for point in charts.points:
        is_dense = point.values[names.index("network")] == "dense"
        assert (point.values[names.index("layers")] is not None) == is_dense


def test_an_evaluation_is_begun_once_the_present_process_has_logged_it(home: Home) -> None:
    files = begin(home, SPEC, evaluations=2)
    assert not begun(files)((2, 0))
    for path in (files.log(2, 0), files.lease, files.log(3, 0)):
        write_atomically(path, b"begun")
    set_time(files.log(2, 0), 1_000)  # by a worker of an earlier process, which was killed
    set_time(files.lease, 2_000)
    set_time(files.log(3, 0), 2_001)
    assert [begun(files)((trial, 0)) for trial in (2, 3, 4)] == [False, True, False]


def set_time(path: Path, seconds: int) -> None:
    os.utime(path, (seconds, seconds))


@pytest.mark.parametrize("evaluations", [0, 1])
def test_a_sweep_that_has_only_begun_can_be_drawn(home: Home, evaluations: int) -> None:
    assert len(draw(home, evaluations=evaluations).points) == evaluations


def test_switches_are_written_as_in_a_spec() -> None:
    spec = small_spec(model="infogan", fixed={}, space={"batch_norm": {"type": "choice", "values": [True, False]}})
    evaluation = new_search(spec).ask()
    assert evaluation is not None
    charts = draw_charts(spec, [Sketch.of(result_of(spec, evaluation))], lambda key: False)
    assert charts.axes[0].choices == ["true", "false"]
    assert charts.points[0].values[0] in ("true", "false")
