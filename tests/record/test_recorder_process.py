"""The process that records: what it is told is recorded once, whoever dies, and no driver waits for it in vain."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sweeps.execution.lease import hold_lease, is_held
from sweeps.execution.storage import Home, SweepFiles
from sweeps.record.recorder_main import RecorderSetup
from sweeps.record.recorder_process import MAX_DEATHS, RecorderProcess
from tests.end_to_end.sweep_process import descendants_of, kill, wait_until
from tests.record.store import Store, expected_points
from tests.record.synthetic import FACTS, evaluation, sweep_results

PATIENCE_SECONDS = 60.0

DRIVER = """
import sys, time
from pathlib import Path
from tests.record.test_recorder_process import recording, setup_of
with recording(setup_of(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[1]))) as record:
    record.run_id(0)
    print("it runs", flush=True)
    time.sleep(120)
"""


@pytest.fixture
def record(home: Home, files: SweepFiles, store: Store) -> Iterator[RecorderProcess]:
    with recording(setup_of(home.root, store.uri, store.artifacts)) as record:
        yield record
    assert recorders() == []


def setup_of(home: Path, tracking_uri: str, artifacts: Path) -> RecorderSetup:
    return RecorderSetup(home, FACTS.experiment, tracking_uri, artifacts, FACTS, tensorboard=False)


@contextmanager
def recording(setup: RecorderSetup) -> Iterator[RecorderProcess]:
    """Hold the sweep's lease and have it recorded."""
    files = Home(setup.home).sweep(setup.sweep_id)
    with hold_lease(files.lease) as lease:
        record = RecorderProcess(setup, files.record_log, lease)
        try:
            yield record
        finally:
            record.close()


def recorders(of: int | None = None) -> list[int]:
    """Return the recorders that a process has started and that have not ended."""
    return [pid for pid in descendants_of(of or os.getpid()) if "recorder_main" in command(pid)]


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""


def test_what_is_told_is_recorded_by_another_process(record: RecorderProcess, store: Store, tmp_path: Path) -> None:
    best = tmp_path / "best.yaml"
    best.write_text("model: infogan", encoding="utf-8")
    for result in sweep_results():
        record.take(result)
    record.close_trial(4, status="FINISHED", why="reached the top rung")
    record.finish(status="FINISHED", metrics={"best/fid": 2.5}, artifacts=[best])
    assert record.drain(PATIENCE_SECONDS)
    runs = store.runs()
    assert [point for point in store.points() if point[0] != FACTS.name] == expected_points(sweep_results())
    assert record.run_id(4) == runs["trial-004"].info.run_id
    assert record.run_id(8) == runs["trial-008"].info.run_id
    assert runs["trial-004"].info.status == runs[FACTS.name].info.status == "FINISHED"
    assert runs[FACTS.name].data.metrics == {"best/fid": 2.5}
    assert "best.yaml" in store.files(runs[FACTS.name])
    assert record.trouble == ""


def test_one_that_is_killed_is_replaced_and_nothing_is_recorded_twice(record: RecorderProcess, store: Store) -> None:
    for kills, result in enumerate(sweep_results()):
        record.take(result)
        if kills in {2, 9}:
            assert kills != 9 or record.drain(PATIENCE_SECONDS)
            wait_until(lambda: len(recorders()) == 1)
            kill(recorders()[0])
    assert record.drain(PATIENCE_SECONDS)
    assert store.points() == expected_points(sweep_results())
    assert record.trouble == ""


def test_one_that_dies_again_and_again_is_given_up_and_says_where_its_last_words_are(
    record: RecorderProcess, files: SweepFiles
) -> None:
    files.result(4, 2).unlink()
    record.take(evaluation(4, 2))
    assert not record.drain(PATIENCE_SECONDS)
    assert record.trouble.startswith(f"the process that records must run, but ended {MAX_DEATHS} times; ")
    assert str(files.record_log) in record.trouble
    assert files.record_log.read_text(encoding="utf-8").count("4/2.json must exist before it is recorded") == MAX_DEATHS
    assert record.run_id(4) is None
    record.take(evaluation(4, 1))


def test_while_mlflow_is_away_it_says_so_and_closes_without_it(home: Home, files: SweepFiles) -> None:
    setup = setup_of(home.root, "http://127.0.0.1:9", home.root)
    with recording(setup) as record:
        record.take(evaluation(0, 0))
        wait_until(lambda: record.trouble.startswith("MLflow at http://127.0.0.1:9 must be writable, but got"))
        assert not record.drain(0.1)
        assert record.run_id(0) is None
    assert recorders() == []


def test_it_ends_with_a_driver_that_is_killed_and_holds_the_lease_until_then(
    home: Home, files: SweepFiles, store: Store
) -> None:
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(home.root), store.uri], stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert driver.stdout is not None
    assert driver.stdout.readline() == "it runs\n"
    (recorder,) = recorders(driver.pid)
    assert files.lease in [path.resolve() for path in Path(f"/proc/{recorder}/fd").iterdir()]
    driver.kill()
    driver.communicate(timeout=PATIENCE_SECONDS)
    wait_until(lambda: "recorder_main" not in command(recorder) and not is_held(files.lease))
