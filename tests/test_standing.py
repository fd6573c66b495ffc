"""How a sweep stands, from its files alone."""

import json

import pytest

from sweeps.errors import StorageError, SweepError
from sweeps.execution.lease import hold_lease
from sweeps.execution.storage import Home
from sweeps.standing import find_sweep, summarise
from tests.sweep_on_disk import begin, finish, small_spec

SPEC = small_spec()


def test_a_sweep_without_a_conclusion_is_interrupted(home: Home) -> None:
    summary = summarise(begin(home, SPEC, evaluations=2))
    assert (summary.state, summary.evaluations, summary.planned) == ("interrupted", 2, 6)
    assert (summary.model, summary.dataset, summary.objective) == ("beta_vae", "digits", "fid")
    assert summary.champion is None


def test_a_sweep_whose_lease_is_held_is_running(home: Home) -> None:
    files = begin(home, SPEC, evaluations=2)
    with hold_lease(files.lease):
        assert summarise(files).state == "running"
    assert summarise(files).state == "interrupted"


def test_a_finished_sweep_has_its_champion(home: Home) -> None:
    """Trial 0 is best at 3 epochs: 10 + 0 - 3 + the mean of 0, 0.1 and 0.2."""
    summary = summarise(finish(home, SPEC))
    assert summary.state == "finished"
    assert summary.evaluations == summary.planned == 6
    assert summary.champion is not None
    assert summary.champion["trial"] == 0
    assert summary.champion["mean"] == pytest.approx(7.1)
    assert json.loads(json.dumps(summary.as_json()))["champion"]["folds"] == pytest.approx([7.0, 7.1, 7.2])


def test_a_failed_sweep_says_why(home: Home) -> None:
    files = begin(home, SPEC)
    files.conclusion.write_text('{"state": "failed", "why": "trial 0: it diverged", "champion": null}')
    summary = summarise(files)
    assert (summary.state, summary.why, summary.champion) == ("failed", "trial 0: it diverged", None)


@pytest.mark.parametrize("content", ["{}", "[]", "{", '{"name": "x"}', ""])
def test_a_damaged_spec_is_refused_with_its_path_and_left_alone(home: Home, content: str) -> None:
    files = begin(home, SPEC, evaluations=1)
    files.spec.write_text(content)
    with pytest.raises(StorageError) as caught:
        summarise(files)
    assert str(files.spec) in str(caught.value)
    assert files.spec.read_text() == content


def test_a_sweep_is_found_by_its_id_or_the_beginning_of_it(home: Home) -> None:
    files = begin(home, SPEC, evaluations=0)
    other = begin(home, small_spec(name="smaller"), evaluations=0)
    assert find_sweep(home, SPEC.sweep_id) == files
    assert find_sweep(home, "smalle") == other
    assert find_sweep(home, SPEC.sweep_id[:-3]) == files


def test_a_name_that_means_several_sweeps_or_none_is_told_which_there_are(home: Home) -> None:
    ids = [begin(home, small_spec(seed=seed), evaluations=0).sweep_id for seed in range(2)]
    with pytest.raises(SweepError) as several:
        find_sweep(home, "small")
    assert str(several.value).endswith(f"there are: {', '.join(sorted(ids))}.")
    with pytest.raises(SweepError, match="but got 'large'"):
        find_sweep(home, "large")
    with pytest.raises(SweepError, match="there are: none"):
        find_sweep(Home(home.root / "empty"), "small")


def test_an_id_that_begins_another_means_itself(home: Home) -> None:
    files = begin(home, SPEC, evaluations=0)
    longer = home.sweep(f"{SPEC.sweep_id}-b")
    longer.root.mkdir(parents=True)
    longer.spec.write_text("{}")
    assert find_sweep(home, SPEC.sweep_id) == files
