"""What is drawn, and pictures, over HTTP."""

import pytest

from sweeps.execution.storage import Home, SweepFiles, write_atomically
from tests.record.synthetic import write_samples
from tests.service.conftest import Caller, Service
from tests.sweep_on_disk import RAW, finish, small_spec

SPEC = small_spec()
SWEEP = f"/api/v1/sweeps/{SPEC.sweep_id}"


@pytest.fixture
def files(service: Service, user: Caller) -> SweepFiles:
    """A sweep with all its results, and the picture of trial 0 at rung 0."""
    user.post("/api/v1/sweeps", RAW, 201)
    files = finish(Home(service.board.root), SPEC)
    write_samples(files.samples(0, 0), 0, 0)
    return files


def test_charts_are_drawn_from_every_result(user: Caller, files: SweepFiles) -> None:
    told = user.get(f"{SWEEP}/charts")
    assert (told["objective"], told["evaluations"], told["planned"], told["max_epochs"]) == ("fid", 6, 6, 3)
    assert [point["trial"] for point in told["points"]] == [0, 1, 2, 3, 4]
    assert [axis["name"] for axis in told["axes"]] == list(SPEC.search_space().names)


def test_an_evaluation_is_shown_as_running_only_while_a_process_runs(service: Service, user: Caller) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    files = service.board.files(SPEC.sweep_id)
    for path in (files.lease, files.log(1, 0)):
        write_atomically(path, b"begun")

    def running() -> int:
        return int(user.get(f"{SWEEP}/charts")["brackets"][0]["rungs"][0]["running"])

    service.board.stand(SPEC.sweep_id, state="running")
    assert running() == 1
    service.board.stand(SPEC.sweep_id, state="paused")
    assert running() == 0


def test_leading_trials_link_their_pictures(user: Caller, files: SweepFiles) -> None:
    told = user.get(f"{SWEEP}/leading?trials=5")
    pictures = [picture["href"] for leader in told["leaders"] for picture in leader["pictures"]]
    assert (len(told["leaders"]), told["trials"]) == (5, 5)
    assert pictures == [f"{SWEEP}/trials/0/samples/0"]
    answer = user.ask("GET", pictures[0])
    assert (answer.headers["content-type"], answer.content) == ("image/png", files.samples(0, 0).read_bytes())
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_as_many_leading_trials_as_asked_for(user: Caller, files: SweepFiles) -> None:
    assert len(user.get(f"{SWEEP}/leading?trials=2")["leaders"]) == 2
    for trials in ("0", "51", "x"):
        assert user.get(f"{SWEEP}/leading?trials={trials}", 422)["type"] == "urn:sweeps:problem:faulty-request"


@pytest.mark.parametrize(
    ("trial", "rung", "status"),
    [
        ("0", "1", 404),
        ("7", "0", 404),
        ("-1", "0", 422),
        ("0", "0.png", 422),
        ("0", "x", 422),
        ("0", "..%2F..%2Fspec.json", 404),
        ("..%2F..", "0", 404),
        ("0", "%2e%2e", 422),
        ("99999999999", "0", 422),
    ],
)
def test_a_picture_is_named_by_numbers_alone(
    user: Caller, files: SweepFiles, trial: str, rung: str, status: int
) -> None:
    assert user.ask("GET", f"{SWEEP}/trials/{trial}/samples/{rung}").status_code == status


def test_a_link_that_leads_out_of_the_sweep_is_no_picture(user: Caller, files: SweepFiles) -> None:
    secret = files.root.parent / "secret.png"
    secret.write_bytes(b"secret")
    files.samples(0, 1).symlink_to(secret)
    answer = user.ask("GET", f"{SWEEP}/trials/0/samples/1")
    assert answer.status_code == 404
    assert "secret" not in answer.text
