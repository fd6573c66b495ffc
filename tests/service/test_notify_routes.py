"""Whom a submitted sweep tells: only hosts that are allowed, and nobody else learns their addresses."""

from pathlib import Path

import pytest

from sweeps.service.notices import Notices
from sweeps.service.notify_settings import NotifySettings
from tests.service.conftest import Caller, Service
from tests.sweep_on_disk import RAW

ALLOWED, SECRET = "hooks.example.org", "https://hooks.example.org/t0ps3cret"


@pytest.fixture(autouse=True)
def allowed(service: Service) -> None:
    service.board.notify = NotifySettings.read({"SWEEPS_NOTIFY_HOSTS": ALLOWED})


def files_of(service: Service) -> set[Path]:
    return set(service.board.root.rglob("*"))


@pytest.mark.parametrize("path", ["sweeps", "plan"])
def test_a_host_that_is_not_allowed_is_a_fault_and_nothing_is_changed(
    service: Service, user: Caller, path: str
) -> None:
    before = files_of(service)
    spec = {**RAW, "notify": [SECRET, "https://evil.example.org/x", "http://127.0.0.1:8000/"]}
    problem = user.post(f"/api/v1/{path}", spec, 422)
    assert problem["type"] == "urn:sweeps:problem:faulty-spec"
    assert [(fault["path"], fault["value"]) for fault in problem["faults"]] == [
        ("notify.1", "evil.example.org"),
        ("notify.2", "127.0.0.1:8000"),
    ]
    assert problem["faults"][0]["rule"] == f"a host must be allowed where the service runs ({ALLOWED})"
    assert "$SWEEPS_NOTIFY_HOSTS" in problem["faults"][0]["remedy"]
    assert files_of(service) == before
    assert not service.board.known


def test_addresses_are_kept_to_the_service(service: Service, user: Caller) -> None:
    ref = user.post("/api/v1/sweeps", {**RAW, "notify": [SECRET]}, 201)["sweep"]["ref"]
    assert user.post("/api/v1/sweeps", RAW)["sweep"]["ref"] == ref
    assert Notices(service.board.files(ref)).are_wanted
    for path in (f"/api/v1/sweeps/{ref}", "/api/v1/sweeps"):
        assert "t0ps3cret" not in user.ask("GET", path).text
    holders = [path for path in files_of(service) if path.is_file() and b"t0ps3cret" in path.read_bytes()]
    assert [path.parent.name for path in holders] == ["to"]


def test_a_sweep_tells_only_so_many_however_often_it_is_submitted(service: Service, user: Caller) -> None:
    for start in (0, 10):
        addresses = [f"https://{ALLOWED}/{number}" for number in range(start, start + 10)]
        user.post("/api/v1/sweeps", {**RAW, "notify": addresses}, 200 if start else 201)
    (fault,) = user.post("/api/v1/sweeps", {**RAW, "notify": [SECRET]}, 422)["faults"]
    assert (fault["path"], fault["value"]) == ("notify", "21")
