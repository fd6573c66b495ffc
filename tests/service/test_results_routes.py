"""Trials, evaluations and the best configuration over HTTP, beside the files that they are read from."""

from typing import Any

import pytest
import yaml

from sweeps.execution.storage import Home, SweepFiles
from sweeps.search.cross_validation import standard_error
from tests.service.conftest import Caller, Service
from tests.sweep_on_disk import RAW, begin, diverged, finish, new_search, result_of, small_spec

SPEC = small_spec()
SWEEP = f"/api/v1/sweeps/{SPEC.sweep_id}"


@pytest.fixture
def files(service: Service, user: Caller) -> SweepFiles:
    """A sweep with all its results, and its end."""
    user.post("/api/v1/sweeps", RAW, 201)
    return finish(Home(service.board.root), SPEC)


def pages(user: Caller, part: str, limit: int) -> list[Any]:
    """Return the entries of all pages."""
    page = user.get(f"{SWEEP}/{part}?limit={limit}")
    entries = page[part]
    while page["next"]:
        page = user.get(f"{SWEEP}/{part}?limit={limit}&cursor={page['next']}")
        entries += page[part]
    return list(entries)


def test_evaluations_are_told_with_every_digit_in_pages(user: Caller, files: SweepFiles) -> None:
    results = list(files.results())
    told = pages(user, "evaluations", 4)
    assert len(results) == 6
    assert told == pages(user, "evaluations", 200)
    for result, entry in zip(results, told, strict=True):
        assert (entry["trial"], entry["rung"], entry["folds"]) == (result.trial, result.rung, result.folds)
        assert (entry["mean"], entry["standard_error"]) == (result.mean, standard_error(result.folds))
        assert entry["hyperparameters"] == result.hyperparameters


def test_trials_are_told_as_far_as_they_have_come(user: Caller, files: SweepFiles) -> None:
    told = pages(user, "trials", 2)
    latest = {result.trial: result for result in files.results()}
    assert [entry["trial"] for entry in told] == sorted(latest)
    assert [entry["rung"] for entry in told] == [latest[trial].rung for trial in sorted(latest)]
    assert max(entry["epochs"] for entry in told) == 3


def test_a_trial_is_told_with_each_of_its_evaluations(user: Caller, files: SweepFiles) -> None:
    trial = next(result.trial for result in files.results() if result.rung == 1)
    told = user.get(f"{SWEEP}/trials/{trial}")
    assert [entry["rung"] for entry in told["evaluations"]] == [0, 1]
    for entry in told["evaluations"]:
        result = files.read_result(trial, entry["rung"])
        assert result is not None
        assert (entry["curves"], entry["scores"], entry["epoch_times"]) == (
            result.curves,
            result.scores,
            result.epoch_times,
        )
    assert told["mean"] == told["evaluations"][-1]["mean"]
    assert user.get(f"{SWEEP}/trials/99", 404)["type"] == "urn:sweeps:problem:unknown-name"


def test_an_evaluation_without_a_score_says_why(service: Service, user: Caller) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    files, evaluation = Home(service.board.root).sweep(SPEC.sweep_id), new_search(SPEC).ask()
    assert evaluation is not None
    files.write_result(diverged(result_of(SPEC, evaluation)))
    for part in ("evaluations", "trials"):
        (entry,) = pages(user, part, 10)
        assert (entry["state"], entry["mean"], entry["standard_error"]) == ("diverged", None, None)
    assert "non-finite" in pages(user, "evaluations", 10)[0]["reason"]


def test_a_sweep_without_results_has_empty_lists(user: Caller) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    assert user.get(f"{SWEEP}/trials") == {"trials": [], "next": None}
    assert user.get(f"{SWEEP}/evaluations") == {"evaluations": [], "next": None}
    assert "only a finished sweep" in user.get(f"{SWEEP}/best", 404)["detail"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/yaml"),
        ("", "application/yaml"),
        ("application/yaml", "application/yaml"),
        ("application/json", "application/json"),
        ("application/json;q=0.5, application/yaml", "application/yaml"),
        ("application/yaml;q=0.5, application/json", "application/json"),
        ("text/html, application/json;q=0.9, */*;q=0.1", "application/json"),
        ("application/json;q=x;;=,,", "application/json"),
        ("application/json, application/yaml", "application/json"),
        ("application/yaml, application/json", "application/yaml"),
    ],
)
def test_the_best_is_yaml_or_json_as_is_preferred(
    user: Caller, files: SweepFiles, accept: str, media_type: str
) -> None:
    answer = user.ask("GET", f"{SWEEP}/best", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"], answer.headers["vary"]) == (200, media_type, "Accept")
    assert (answer.text == files.best.read_text()) == (media_type == "application/yaml")
    assert yaml.safe_load(answer.text) == yaml.safe_load(files.best.read_text())


def test_the_champion_of_a_finished_sweep_is_told(service: Service, user: Caller, files: SweepFiles) -> None:
    conclusion = files.read_json(files.conclusion)
    assert conclusion is not None
    service.board.stand(SPEC.sweep_id, state="finished", champion=conclusion["champion"])
    assert user.get(SWEEP)["champion"] == conclusion["champion"]


def test_a_damaged_result_is_named(user: Caller, files: SweepFiles) -> None:
    path = files.result(1, 0)
    path.write_text(path.read_text()[:-40])
    told = user.get(f"{SWEEP}/evaluations", 503)
    assert (told["type"], str(path.relative_to(files.root)) in told["detail"]) == (
        "urn:sweeps:problem:storage-trouble",
        True,
    )
    assert user.get(f"{SWEEP}/trials/0")["trial"] == 0


def test_results_are_read_while_the_sweep_goes_on(service: Service, user: Caller) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    begin(Home(service.board.root), SPEC, evaluations=1)
    first = user.get(f"{SWEEP}/evaluations?limit=1")
    assert (len(first["evaluations"]), first["next"]) == (1, None)
    begin(Home(service.board.root), SPEC, evaluations=4)
    assert len(pages(user, "evaluations", 1)) == 4
