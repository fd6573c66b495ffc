"""Ray's Jobs API as it answers: what it takes, what it refuses, and that no error holds the token."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from sweeps.errors import SweepError
from sweeps.service.ray_jobs import Job, RayError, RayJobs, read_ray_token

TOKEN = "a-token-of-rays"

Answer = Callable[[httpx2.Request], httpx2.Response]


def jobs(answer: Answer) -> RayJobs:
    return RayJobs("http://ray:8265", TOKEN, transport=httpx2.MockTransport(answer))


def always(status: int, content: object = "") -> Answer:
    return lambda _: httpx2.Response(status, content=content if isinstance(content, str) else json.dumps(content))


def test_a_job_is_submitted_with_the_token_and_as_data() -> None:
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json={"submission_id": "x"})

    jobs(answer).submit("team~small-a1", "python -m job", {"NAME": "value"}, {"home": "/h"})
    (request,) = asked
    assert (request.method, str(request.url)) == ("POST", "http://ray:8265/api/jobs/")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert json.loads(request.content) == {
        "submission_id": "team~small-a1",
        "entrypoint": "python -m job",
        "runtime_env": {"env_vars": {"NAME": "value"}},
        "metadata": {"home": "/h"},
    }


def refuses_and_knows(known: httpx2.Response) -> Answer:
    """Refuse every submission as Ray refuses one that it has."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(500, text="Traceback\nValueError: Job with submission_id x already exists.")
        return known

    return answer


def test_a_job_that_is_there_already_is_submitted() -> None:
    known = httpx2.Response(200, json={"status": "RUNNING", "message": None, "metadata": {"home": "/h"}})
    jobs(refuses_and_knows(known)).submit("x", "python", {}, {"home": "/h"})
    with pytest.raises(RayError, match="must be of this home, but is of another"):
        jobs(refuses_and_knows(known)).submit("x", "python", {}, {"home": "/another"})


def test_a_job_that_ray_refuses_and_does_not_know_is_refused_with_its_words() -> None:
    with pytest.raises(RayError) as caught:
        jobs(refuses_and_knows(httpx2.Response(404))).submit("x", "python", {}, {})
    said = "answers 500: ValueError: Job with submission_id x already exists."
    assert f"Ray must take POST /api/jobs/ at http://ray:8265, but {said}" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "has_ended"),
    [("PENDING", False), ("RUNNING", False), ("STOPPED", True), ("SUCCEEDED", True), ("FAILED", True)],
)
def test_a_job_is_known_by_whether_it_has_ended(status: str, has_ended: bool) -> None:
    told = {"status": status, "message": "so it is", "metadata": None}
    assert jobs(always(200, told)).find("x") == Job(has_ended, "so it is", {})


def test_a_job_that_ray_forgot_is_none_and_needs_no_stop() -> None:
    assert jobs(always(404)).find("x") is None
    assert jobs(always(404)).said("x") == ""
    jobs(always(404)).stop("x")
    jobs(always(404)).check()


def test_names_of_jobs_stay_names() -> None:
    paths: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        paths.append(request.url.raw_path.decode())
        return httpx2.Response(404)

    jobs(answer).find("../../x?y#z")
    assert paths == ["/api/jobs/..%2F..%2Fx%3Fy%23z"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_token_is_told_with_the_remedy_and_without_the_token(status: int) -> None:
    with pytest.raises(RayError) as caught:
        jobs(always(status, f"not {TOKEN}")).check()
    assert "$RAY_AUTH_TOKEN" in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("content", ["", "no JSON", "[]", f"a fault that holds {TOKEN}"])
def test_strange_answers_are_errors_for_people(content: str) -> None:
    for status in (200, 500):
        ray = jobs(always(status, content))
        for ask in (ray.find, ray.stop, ray.said):
            with pytest.raises(RayError) as caught:
                ask("x")
            assert f"answers {status}" in str(caught.value)
            assert TOKEN not in str(caught.value)


def test_a_ray_that_is_away_is_told_with_its_address() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("nobody listens")

    with pytest.raises(RayError, match="Ray must answer at http://ray:8265, but nobody listens"):
        jobs(answer).check()


def test_the_token_comes_from_where_ray_looks(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert read_ray_token({"RAY_AUTH_TOKEN": " x ", "RAY_AUTH_TOKEN_PATH": str(file)}) == "x"
    assert read_ray_token({"RAY_AUTH_TOKEN_PATH": str(file)}) == TOKEN


@pytest.mark.parametrize("content", ["", "two words", "line\nbreak", "ü"])
def test_what_is_no_token_is_refused_and_not_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    with pytest.raises(SweepError) as caught:
        read_ray_token({"RAY_AUTH_TOKEN_PATH": str(file)})
    assert "must be one word" in str(caught.value)
    assert not content or content not in str(caught.value)
    file.unlink()
    with pytest.raises(SweepError, match=r"there is no \$RAY_AUTH_TOKEN and .*token cannot be read"):
        read_ray_token({"RAY_AUTH_TOKEN_PATH": str(file)})
