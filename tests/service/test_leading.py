"""The leading trials: who leads, and what is told of them."""

from dataclasses import replace

from sweeps.service.leading import find_leading
from sweeps.service.sketches import Sketch
from sweeps.spec import SweepSpec
from tests.record.synthetic import PROMOTED, diverged, evaluation, sweep_results
from tests.sweep_on_disk import small_spec

SPACE = small_spec(fixed={"latent_dim": 4}).search_space()


def sketches() -> list[Sketch]:
    return [Sketch.of(result) for result in sorted(sweep_results(), key=lambda each: (each.trial, each.rung))]


def test_whoever_was_trained_longer_leads_then_whose_mean_is_lower() -> None:
    found = find_leading(SPACE, sketches(), range(50), lambda key: None)
    last = {result.trial: result for result in sweep_results()}
    assert found.leaders[0].trial == PROMOTED[2][0]
    assert {leader.trial for leader in found.leaders[:3]} == set(PROMOTED[1])
    assert [leader.place for leader in found.leaders] == list(range(1, 10))
    for better, worse in zip(found.leaders, found.leaders[1:], strict=False):
        assert better.epochs > worse.epochs or (better.mean or 0) <= (worse.mean or 0)
        assert better.folds == last[better.trial].folds


def test_the_fallen_come_last_with_their_reason() -> None:
    fallen = Sketch.of(diverged(4, 2))
    told = [fallen if (each.trial, each.rung) == (4, 2) else each for each in sketches()]
    leader = find_leading(SPACE, told, range(50), lambda key: None).leaders[-1]
    assert (leader.trial, leader.state, leader.mean, leader.folds) == (4, "diverged", None, [])
    assert "non-finite" in leader.reason
    assert [scored.epochs for scored in leader.rungs] == [1, 3]


def test_ties_go_to_the_earlier_trial() -> None:
    one = Sketch.of(evaluation(3, 0))
    found = find_leading(SPACE, [one, replace(one, trial=5)], range(50), lambda key: None)
    assert [leader.trial for leader in found.leaders] == [3, 5]


def test_curves_go_on_over_the_rungs() -> None:
    (leader,) = find_leading(SPACE, sketches(), range(1), lambda key: None).leaders
    results = [evaluation(4, rung) for rung in range(3)]
    assert {term: len(values) for term, values in leader.curves.items()} == dict.fromkeys(results[0].curves, 9)
    assert [scored.epochs for scored in leader.rungs] == [1, 3, 9]
    assert [scored.mean for scored in leader.rungs] == [result.mean for result in results]


def test_only_pictures_that_there_are_are_told() -> None:
    found = find_leading(SPACE, sketches(), range(3), lambda key: f"/{key[0]}/{key[1]}" if key[1] else None)
    assert found.trials == 9
    assert [len(leader.pictures) for leader in found.leaders] == [2, 1, 1]
    assert found.leaders[0].pictures[1].href == "/4/2"


def test_what_is_searched_is_told_of_a_configuration() -> None:
    spec: SweepSpec = small_spec(
        space={"beta": {"type": "log_uniform", "low": 0.1, "high": 10}}, fixed={"latent_dim": 4}
    )
    (leader,) = find_leading(spec.search_space(), sketches(), range(1), lambda key: None).leaders
    assert leader.hyperparameters == {"beta": evaluation(4, 0).hyperparameters["beta"]}


def test_a_page_holds_the_places_asked_for() -> None:
    whole = find_leading(SPACE, sketches(), range(9), lambda key: None).leaders
    page = find_leading(SPACE, sketches(), range(6, 12), lambda key: None)
    assert (page.leaders, page.trials) == (whole[6:], 9)
