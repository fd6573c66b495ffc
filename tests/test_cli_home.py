"""`sweeps list`, `show` and `export`: what they tell of the sweeps of a home."""

import json
from pathlib import Path

from sweeps.execution.storage import Home
from sweeps.record.export import read_best
from tests.command_line import answer, sweeps
from tests.sweep_on_disk import begin, diverged, finish, new_search, result_of, small_spec

SPEC = small_spec()


def test_an_empty_home_is_listed_as_such(home: Home) -> None:
    assert answer("list", "--home", home.root) == {"home": str(home.root), "sweeps": []}
    assert "No sweeps in" in sweeps("list", "--home", home.root).stdout


def test_list_tells_every_sweep_with_state_and_champion(home: Home) -> None:
    begin(home, small_spec(name="another"), evaluations=2)
    finish(home, SPEC)
    first, second = answer("list", "--home", home.root)["sweeps"]
    assert (first["state"], first["evaluations"], first["planned"], first["champion"]) == ("interrupted", 2, 6, None)
    assert (second["sweep_id"], second["state"], second["champion"]["trial"]) == (SPEC.sweep_id, "finished", 0)
    text = sweeps("list", "--home", home.root).stdout
    assert "another" in text
    assert "fid 7.1" in text


def test_show_tells_every_evaluation_in_order_with_every_digit(home: Home) -> None:
    files = finish(home, SPEC)
    shown = answer("show", "small", "--home", home.root)
    evaluations = shown["evaluations"]
    assert [(e["trial"], e["rung"]) for e in evaluations] == [(0, 0), (0, 1), (1, 0), (2, 0), (3, 0), (4, 0)]
    for evaluation, result in zip(evaluations, files.results(), strict=True):
        assert evaluation["folds"] == result.folds
        assert evaluation["mean"] == result.mean
        assert evaluation["epochs"] == result.epochs
    assert shown["champion"]["folds"] == evaluations[1]["folds"]
    assert answer("show", "small", "--home", home.root) == shown


def test_show_tells_people_what_diverged_and_why(home: Home) -> None:
    files = begin(home, SPEC, evaluations=0)
    evaluation = new_search(SPEC).ask()
    assert evaluation is not None
    files.write_result(diverged(result_of(SPEC, evaluation)))
    told = answer("show", SPEC.sweep_id, "--home", home.root)["evaluations"]
    assert [(e["state"], e["mean"], e["folds"]) for e in told] == [("diverged", None, [])]
    text = sweeps("show", SPEC.sweep_id, "--home", home.root).stdout
    assert "interrupted" in text
    assert "1 of 6 evaluations" in text
    assert "diverged: loss/L" in " ".join(text.split())


def test_a_damaged_result_is_named_and_left_alone(home: Home) -> None:
    files = finish(home, SPEC)
    files.result(0, 0).write_text("{")
    result = sweeps("show", "small", "--home", home.root)
    assert result.exit_code == 2
    assert str(files.result(0, 0)) in result.stderr
    assert str(files.result(0, 0)) in answer("show", "small", "--home", home.root, exit_code=2)["error"]
    assert files.result(0, 0).read_text() == "{"


def test_export_writes_the_champion_to_screen_or_file(home: Home, odd_path: Path) -> None:
    files = finish(home, SPEC)
    to_screen = sweeps("export", "small", "--home", home.root)
    assert to_screen.stdout == files.best.read_text(encoding="utf-8")
    written = odd_path / "best of all.yaml"
    assert sweeps("export", "small", "--home", home.root, "-o", written).exit_code == 0
    assert read_best(written) == read_best(files.best)
    told = sweeps("export", "small", "--home", home.root, "--json")
    assert json.loads(told.stdout) == read_best(files.best).model_dump(mode="json")


def test_export_of_an_unfinished_or_unknown_sweep_is_refused(home: Home) -> None:
    begin(home, SPEC, evaluations=2)
    told = answer("export", "small", "--home", home.root, exit_code=2)
    assert told["error"].startswith(f"only a finished sweep has a champion, but {SPEC.sweep_id} has not finished")
    assert "but got 'large'" in answer("export", "large", "--home", home.root, exit_code=2)["error"]


def test_export_to_a_place_that_cannot_be_written_says_so(home: Home, odd_path: Path) -> None:
    finish(home, SPEC)
    nowhere = odd_path / "no such folder" / "best.yaml"
    told = answer("export", "small", "--home", home.root, "-o", nowhere, exit_code=2)
    assert told["error"] == f"{nowhere} must be writable, but No such file or directory. Choose another by -o."
