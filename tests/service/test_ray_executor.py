"""Sweeps as jobs of Ray's: what a job is told, and what is known of it when Ray or the service has lost its memory."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import httpx2
import pytest

from sweeps.execution.lease import take_lock
from sweeps.execution.storage import Home, SweepFiles
from sweeps.service.attempts import Attempt, known_at_starts
from sweeps.service.executor import PATIENCE_SECONDS
from sweeps.service.ray_executor import RayExecutor, entrypoint
from sweeps.service.ray_jobs import RayError, RayJobs

REF = "team~small-01234567"


@dataclass
class TalkingRay:
    """Ray's Jobs API, in words alone: it keeps what it is told and runs nothing."""

    jobs: dict[str, dict[str, object]] = field(default_factory=dict)
    is_away: bool = False
    stopped: list[str] = field(default_factory=list)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as Ray 2.60 does."""
        if self.is_away:
            raise httpx2.ConnectError("nobody listens")
        _, _, _, name, *verb = request.url.path.split("/")
        if not name:
            told = json.loads(request.content)
            if told["submission_id"] in self.jobs:
                return httpx2.Response(500, text="Job already exists.")
            self.jobs[told["submission_id"]] = {**told, "status": "PENDING", "message": "so it is"}
            return httpx2.Response(200, json={})
        if name not in self.jobs:
            return httpx2.Response(404, text="Job does not exist")
        self.stopped += [name] if verb == ["stop"] else []
        return httpx2.Response(200, json={"logs": "first\nlast\n"} if verb == ["logs"] else self.jobs[name])


@pytest.fixture
def ray() -> TalkingRay:
    return TalkingRay()


@pytest.fixture
def files(home: Home) -> SweepFiles:
    return home.sweep("small-01234567")


def executor_of(ray: TalkingRay, tracking_uri: str = "sqlite:///x", **settings: object) -> RayExecutor:
    jobs = RayJobs("http://ray:8265", "token", httpx2.MockTransport(ray.answer))
    return RayExecutor(jobs, tracking_uri, **settings)  # type: ignore[arg-type]


def told(ray: TalkingRay, job: str) -> dict[str, str]:
    """Return the environment that a job reads, after what Ray does to it."""
    environment: dict[str, str] = ray.jobs[job]["runtime_env"]["env_vars"]  # type: ignore[index]
    assert not any("$" in value or "\n" in value for value in environment.values())
    return {name: unquote(value) for name, value in environment.items()}


def test_a_job_is_named_for_its_attempt_and_told_all_that_it_needs(ray: TalkingRay, files: SweepFiles) -> None:
    home = files.root.parent.parent
    executor = executor_of(ray, workers=3, data=Path("/my data"), python="/opt/my python")
    assert executor.start(REF, files)
    assert told(ray, f"{REF}-a1") == {
        "SWEEPS_HOME": str(home),
        "SWEEPS_SWEEP": "small-01234567",
        "SWEEPS_EXPERIMENT": REF,
        "SWEEPS_ATTEMPT": "1",
        "SWEEPS_TRACKING_URI": "sqlite:///x",
        "SWEEPS_WORKERS": "3",
        "SWEEPS_DATA": "/my data",
    }
    assert ray.jobs[f"{REF}-a1"]["entrypoint"] == "'/opt/my python' -m sweeps.service.job"
    ray.jobs[f"{REF}-a1"]["status"] = "FAILED"
    assert executor.start(REF, files)
    assert list(ray.jobs) == [f"{REF}-a1", f"{REF}-a2"]


def test_the_command_line_is_the_same_for_all_sweeps() -> None:
    assert entrypoint("python") == "python -m sweeps.service.job"


def test_a_password_of_the_record_is_not_passed_on(ray: TalkingRay, files: SweepFiles) -> None:
    executor_of(ray, "postgresql+psycopg://user:secret@db/mlflow").start(REF, files)
    assert "secret" not in json.dumps(ray.jobs)
    assert "SWEEPS_TRACKING_URI" not in told(ray, f"{REF}-a1")


def test_a_ray_that_is_away_costs_no_attempt_and_is_told(ray: TalkingRay, files: SweepFiles) -> None:
    executor = executor_of(ray)
    assert executor.health() == "ok"
    ray.is_away = True
    with pytest.raises(RayError):
        executor.start(REF, files)
    assert known_at_starts(files) == []
    assert not executor.is_running(files)
    assert "Ray must answer at http://ray:8265" in executor.health()


def test_a_service_that_died_between_job_and_attempt_finds_the_job(ray: TalkingRay, files: SweepFiles) -> None:
    executor_of(ray).start(REF, files)
    Attempt(files, 1).path.unlink()
    assert executor_of(ray).start(REF, files)
    assert list(ray.jobs) == [f"{REF}-a1"]
    assert known_at_starts(files) == [0]


def test_before_a_job_has_its_log_ray_tells_whether_it_lives(ray: TalkingRay, files: SweepFiles) -> None:
    executor = executor_of(ray)
    executor.start(REF, files)
    for status, lives in (("PENDING", True), ("RUNNING", True), ("STOPPED", False), ("FAILED", False)):
        ray.jobs[f"{REF}-a1"]["status"] = status
        assert executor.is_running(files) == lives
    assert executor.tail(files, 2) == "last\nso it is"
    ray.is_away = True
    assert executor.is_running(files)
    assert "Ray must answer" in executor.tail(files, 2)
    ray.is_away = False
    ray.jobs.clear()  # its head was lost
    assert not executor.is_running(files)
    assert executor.tail(files, 2) == ""


def test_once_a_job_has_its_log_the_lock_tells_whether_it_lives(ray: TalkingRay, files: SweepFiles) -> None:
    """The job has died with its head, or lives on without it: what Ray says of it means nothing."""
    executor = executor_of(ray)
    executor.start(REF, files)
    Attempt(files, 1).log.write_text("first words\nlast words\n")
    assert not executor.is_running(files)
    ray.jobs.clear()
    lock = take_lock(files.job)
    assert lock is not None
    with lock:
        assert executor.is_running(files)
        assert not executor.start(REF, files)
    ray.is_away = True
    assert not executor.is_running(files)
    assert executor.tail(files, 1) == "last words"


def test_a_job_is_asked_by_a_file_and_ended_by_ray_when_patience_is_over(ray: TalkingRay, files: SweepFiles) -> None:
    now = [0.0]
    executor = executor_of(ray, clock=lambda: now[0])
    executor.stop(files)
    executor.start(REF, files)
    assert Attempt(files, 1).may_run
    ray.is_away = True
    for now[0] in (0.0, PATIENCE_SECONDS):
        executor.stop(files)
        assert not Attempt(files, 1).may_run
    now[0] = PATIENCE_SECONDS + 1
    with pytest.raises(RayError):
        executor.stop(files)
    ray.is_away = False
    executor.stop(files)
    assert ray.stopped == [f"{REF}-a1"]
