"""Files of a sweep: whole or absent, never changed, and refused with their path when they are not what they were."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sweeps.errors import StorageError
from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import Home, SweepFiles, file_sha256, write_atomically, write_once
from sweeps.search.search import Evaluation
from tests.sweep_on_disk import begin, new_search, result_of, small_spec

SPEC = small_spec()

WRITES_FOR_EVER = """
import sys
from pathlib import Path
from sweeps.execution.storage import write_atomically
path, number = Path(sys.argv[1]), 0
while True:
    number = (number + 1) % 10
    write_atomically(path, str(number).encode() * 300_000)
    write_atomically(path.with_name("begun"), b"yes")
"""


@pytest.fixture
def files(home: Home) -> SweepFiles:
    return begin(home, SPEC)


def result(trial: int = 0, rung: int = 0) -> EvaluationResult:
    evaluation = new_search(SPEC).ask()
    assert evaluation is not None
    return result_of(SPEC, Evaluation(trial, 0, rung, 3**rung, evaluation.configuration))


def test_results_come_back_by_trial_and_rung(files: SweepFiles) -> None:
    results = list(files.results())
    assert [(r.trial, r.rung) for r in results] == [(0, 0), (0, 1), (1, 0), (2, 0), (3, 0), (4, 0)]
    assert files.read_result(3, 0) == results[4]
    assert files.read_result(3, 1) is None


def test_results_are_ordered_by_number_not_by_name(files: SweepFiles) -> None:
    for rung in (10, 2, 9):
        files.write_result(replace(result(), rung=rung))
    assert [r.rung for r in files.results() if r.trial == 0] == [0, 1, 2, 9, 10]


def test_a_home_lists_its_sweeps_and_nothing_else(home: Home, files: SweepFiles) -> None:
    other = begin(home, small_spec(name="another"), evaluations=0)
    (home.root / "sweeps" / "no spec here").mkdir()
    assert home.sweep_ids() == sorted([files.sweep_id, other.sweep_id])
    assert Home(home.root / "absent").sweep_ids() == []


def test_the_first_result_of_an_evaluation_stays(files: SweepFiles) -> None:
    first = files.read_result(0, 0)
    second = replace(result(), worker="another host:2")
    assert files.write_result(second) == first
    assert files.read_result(0, 0) == first != second


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: text.replace('"trial": 0', '"trial": 7'),
        lambda text: text.replace("10", "11", 1),
        lambda text: "{}",
        lambda text: "\x00" * len(text),
        lambda text: replace(result(), sweep_id="small-ffffffff").to_json(),
        lambda text: result(trial=1).to_json(),
        lambda text: result(rung=1).to_json(),
        lambda text: replace(result(), hyperparameters={"a": {"b": 1}}).to_json()[:-3],
    ],
    ids=["cut", "empty", "trial edited", "number edited", "other", "zeros", "foreign", "of 1", "of rung 1", "cut end"],
)
def test_a_damaged_result_is_refused_with_its_path_and_left_alone(
    files: SweepFiles, damage: Callable[[str], str]
) -> None:
    path = files.result(0, 0)
    damaged = damage(path.read_text())
    path.write_text(damaged)
    for read in (lambda: files.read_result(0, 0), lambda: list(files.results()), lambda: files.write_result(result())):
        with pytest.raises(StorageError) as caught:
            read()
        assert str(path) in str(caught.value)
        assert "Restore the file, or move it away" in str(caught.value)
    assert path.read_text() == damaged


def test_bytes_that_are_no_text_are_refused(files: SweepFiles) -> None:
    files.result(0, 0).write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(StorageError, match="whole evaluation file"):
        files.read_result(0, 0)


@pytest.mark.parametrize("name", ["00000/0 (copy).json", "backup/0.json", "0/0.json", "00000/00.json", "00000/².json"])
def test_a_file_with_another_name_among_the_results_is_refused(files: SweepFiles, name: str) -> None:
    stray = files.root / "evaluations" / name
    stray.parent.mkdir(exist_ok=True)
    stray.write_text(files.result(0, 0).read_text())
    with pytest.raises(StorageError) as caught:
        list(files.results())
    assert str(stray) in str(caught.value)
    assert stray.exists()


def test_what_a_killed_writer_left_beside_is_no_result(files: SweepFiles) -> None:
    before = list(files.results())
    path = files.result(0, 0)
    path.with_name(f".{path.name}.12345").write_text("half of")
    assert list(files.results()) == before


def test_a_json_file_is_an_object_or_absent_or_refused(files: SweepFiles) -> None:
    assert files.read_json(files.conclusion) is None
    assert files.read_json(files.spec) == json.loads(SPEC.canonical())
    for damaged in ("[]", "{", ""):
        files.conclusion.write_text(damaged)
        with pytest.raises(StorageError) as caught:
            files.read_json(files.conclusion)
        assert str(files.conclusion) in str(caught.value)


def test_every_file_of_a_sweep_lies_in_its_own_folder(home: Home) -> None:
    files = home.sweep("small-1")
    paths = [files.result(1, 0), files.checkpoint(1, 0), files.samples(1, 0), files.log(1, 0)]
    paths += [files.spec, files.lease, files.conclusion, files.best, files.figures]
    assert len(set(paths)) == len(paths)
    assert all(path.is_relative_to(home.root / "sweeps" / "small-1") for path in paths)


def test_write_once_keeps_what_is_there(odd_path: Path) -> None:
    path = odd_path / "deep" / "file\nname"
    assert write_once(path, b"first")
    assert not write_once(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(path.parent.iterdir()) == [path]


def test_write_atomically_replaces_and_leaves_nothing_beside(odd_path: Path) -> None:
    path = odd_path / "deep" / "file\nname"
    write_atomically(path, b"first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(path.parent.iterdir()) == [path]


def test_a_hash_is_that_of_the_bytes(odd_path: Path) -> None:
    path = odd_path / "abc"
    path.write_bytes(b"abc")
    assert file_sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_reader_never_sees_half_a_file_even_when_the_writer_is_killed(odd_path: Path) -> None:
    path = odd_path / "file"
    for _ in range(3):
        path.with_name("begun").unlink(missing_ok=True)
        writer = subprocess.Popen([sys.executable, "-c", WRITES_FOR_EVER, str(path)])
        try:
            _wait_for(path.with_name("begun"))
            seen = [path.read_bytes() for _ in range(300)]
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        seen.append(path.read_bytes())
        assert all(content == content[:1] * 300_000 for content in seen)
        assert len(set(seen)) > 1


@pytest.mark.parametrize("write", [write_atomically, write_once])
def test_a_full_disk_is_told_with_path_and_remedy_and_harms_nothing(
    odd_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], object]
) -> None:
    path = odd_path / "file"

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StorageError) as caught:
            write(path, b"content")
    assert str(caught.value) == (
        f"{path} must be writable, but No space left on device. Make room or mend the folder, then run the sweep "
        "again: everything finished so far is kept."
    )
    assert list(odd_path.iterdir()) == []
    write(path, b"content")
    assert path.read_bytes() == b"content"


@pytest.mark.parametrize("write", [write_atomically, write_once])
def test_a_file_in_the_place_of_a_folder_is_told_with_the_path(
    odd_path: Path, write: Callable[[Path, bytes], object]
) -> None:
    (odd_path / "taken").write_text("a file")
    with pytest.raises(StorageError) as caught:
        write(odd_path / "taken" / "file", b"content")
    assert str(odd_path / "taken" / "file") in str(caught.value)


def test_a_folder_in_the_place_of_a_file_is_told_with_the_path(odd_path: Path) -> None:
    (odd_path / "file").mkdir()
    with pytest.raises(StorageError) as caught:
        write_atomically(odd_path / "file", b"content")
    assert str(odd_path / "file") in str(caught.value)
    assert [path.name for path in odd_path.iterdir()] == ["file"]


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.01)
