"""A sweep is a function of its spec: whatever the number of workers, and however often anything is killed."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.end_to_end.sweep_process import (
    Json,
    SweepProcess,
    evaluations,
    record_faults,
    result_files,
    run_to_end,
    wait_until,
    write_spec,
)

pytestmark = [pytest.mark.ray, pytest.mark.slow]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Json]:
    """A whole sweep by one worker that nothing disturbs: its home and what it printed."""
    home = tmp_path_factory.mktemp("undisturbed")
    return home, run_to_end(write_spec(home), home / "home")


def test_a_sweep_finishes_with_a_champion_of_all_folds_and_epochs(undisturbed: tuple[Path, Json]) -> None:
    home, report = undisturbed
    assert (report["state"], report["exit"]) == ("finished", 0)
    assert (report["trials"], report["evaluations"], report["computed"], report["restored"]) == (17, 22, 22, 0)
    assert report["fold_epochs"] == 3 * 69
    assert len(report["champion"]["folds"]) == 3
    champion = [e for e in evaluations(home / "home") if e["trial"] == report["champion"]["trial"]][-1]
    assert (champion["epochs"], champion["mean"]) == (9, report["champion"]["mean"])
    assert record_faults(home / "home", trials=17) == []


def test_two_workers_compute_the_same_bits_as_one(undisturbed: tuple[Path, Json], tmp_path: Path) -> None:
    report = run_to_end(write_spec(tmp_path), tmp_path / "home", workers=2)
    _assert_same(undisturbed, tmp_path / "home", report)


def test_kills_at_random_moments_change_nothing(undisturbed: tuple[Path, Json], tmp_path: Path) -> None:
    """Driver, whole process group and a worker, each killed by SIGKILL; what was finished is not computed again."""
    spec, home, moment = write_spec(tmp_path), tmp_path / "home", random.Random(time.time_ns())

    first = SweepProcess(spec, home, workers=2)
    first.wait_for_results(moment.randint(1, 6))
    time.sleep(moment.uniform(0, 0.5))
    first.kill_driver()

    second = SweepProcess(spec, home, workers=2)
    second.wait_for_results(len(result_files(home)) + moment.randint(1, 4))
    second.kill_group()
    finished_before = result_files(home)

    third = SweepProcess(spec, home, workers=2)
    wait_until(lambda: len(third.workers()) > 0)
    third.wait_for_results(len(finished_before) + 1)
    victim, *_ = third.workers()
    _kill(victim)
    report = third.finish()

    assert finished_before.items() <= result_files(home).items()
    # Workers outlive their driver by a moment, in which one may still finish.
    assert report["restored"] >= len(finished_before)
    assert report["computed"] == 22 - report["restored"]
    _assert_same(undisturbed, home, report)


def test_a_finished_sweep_computes_nothing_when_run_again(undisturbed: tuple[Path, Json]) -> None:
    home, before = undisturbed
    report = run_to_end(home / "spec.yaml", home / "home")
    assert (report["computed"], report["restored"]) == (0, 22)
    assert report["champion"] == before["champion"]
    assert record_faults(home / "home", trials=17) == []


def test_an_interrupted_sweep_says_so_and_goes_on_when_run_again(
    undisturbed: tuple[Path, Json], tmp_path: Path
) -> None:
    """Ctrl-C first, then the signal by which service managers end a process."""
    spec, home, finished_before = write_spec(tmp_path), tmp_path / "home", 0
    for number in (signal.SIGINT, signal.SIGTERM):
        process = SweepProcess(spec, home)
        process.wait_for_results(finished_before + 3)
        process.signal(number)
        interrupted = process.finish()
        assert (interrupted["state"], interrupted["exit"]) == ("interrupted", 130)
        assert (interrupted["champion"], interrupted["restored"]) == (None, finished_before)
        assert record_faults(home, trials=interrupted["trials"]) == []
        finished_before = interrupted["evaluations"]
    report = run_to_end(spec, home)
    assert report["restored"] == finished_before
    _assert_same(undisturbed, home, report)


def _assert_same(undisturbed: tuple[Path, Json], home: Path, report: Json) -> None:
    """Every score to the last bit, the same champion, and a record without a fault."""
    assert report["state"] == "finished", report
    assert evaluations(home) == evaluations(undisturbed[0] / "home")
    assert report["champion"] == undisturbed[1]["champion"]
    assert record_faults(home, trials=17) == []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pytest.fail(f"worker {pid} ended before it could be killed")
