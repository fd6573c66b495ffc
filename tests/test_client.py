"""The Python client against the real app on loopback: what it returns, how it refuses, how patient it is."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from sweeps import Client, caller, client
from sweeps.errors import ServiceError, SpecError, SweepError
from sweeps.record.export import read_best
from sweeps.service.answers import SweepAnswer
from sweeps.service.tokens import Role
from tests.running_service import Running, serve
from tests.sweep_on_disk import RAW, small_spec

SPEC = small_spec()

TOKEN = "swp_0123456789ab_" + "s" * 43


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture
def user(service: Running) -> Iterator[Client]:
    with Client(service.url, service.token(), patience_seconds=0) as client:
        yield client


class Waits(list[float]):
    """The waits between requests, of which none takes any time."""


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    told = Waits()
    monkeypatch.setattr(caller, "sleep", told.append)
    monkeypatch.setattr(caller, "monotonic", lambda: sum(told))
    return told


def answering(*answers: httpx2.Response | Exception, patience_seconds: float = 30.0) -> tuple[Client, list[Any]]:
    """Return a client whose requests meet these answers, and the requests."""
    asked: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        given = answers[min(len(asked), len(answers)) - 1]
        if isinstance(given, Exception):
            raise given
        return given

    made = Client("http://x", TOKEN, patience_seconds=patience_seconds, transport=httpx2.MockTransport(answer))
    return made, asked


def test_the_client_is_imported_from_sweeps_without_anything_heavy() -> None:
    names = {"torch", "ray", "mlflow", "pytorch_lightning", "fastapi", "sklearn", "scipy", "hyperopt", "matplotlib"}
    said = f"import sys, sweeps; assert 'httpx2' not in sys.modules; sweeps.Client; print({names} & sys.modules.keys())"
    ran = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_a_spec_is_submitted_as_a_mapping_or_as_a_file_and_is_one_sweep(
    service: Running, user: Client, odd_path: Path
) -> None:
    path = odd_path / "spec.yaml"
    path.write_text(yaml.safe_dump(RAW), encoding="utf-8")
    submitted = user.submit(RAW, priority=3)
    assert (submitted.sweep.ref, submitted.sweep.state, submitted.sweep.priority) == (SPEC.sweep_id, "queued", 3)
    assert submitted.plan == user.plan(path)
    assert submitted.plan.evaluations == SPEC.ladder().evaluations
    assert user.submit(path).sweep == submitted.sweep
    assert user.sweep(SPEC.sweep_id).spec == SPEC.model_dump(mode="json")


def test_faults_of_a_spec_come_back_as_they_were_found(user: Client, odd_path: Path) -> None:
    path = odd_path / "spec.json"
    path.write_text('{"name": "x", "modle": 1}', encoding="utf-8")
    with pytest.raises(SpecError) as from_service:
        user.submit(path)
    with pytest.raises(SpecError) as here:
        small_spec(**{key: None for key in RAW if key != "name"}, modle=1)
    assert "modle" in {fault.path for fault in from_service.value.faults}
    assert str(from_service.value).startswith(f"{path} has ")
    assert all(fault.rule and fault.value and fault.remedy for fault in from_service.value.faults)
    assert {fault.path for fault in here.value.faults} >= {"modle"}
    with pytest.raises(SpecError, match="must be a readable file"):
        user.plan(odd_path / "none.yaml")
    with pytest.raises(SweepError, match="a spec holds what JSON can say"):
        user.plan({**RAW, "name": {1, 2}})


def test_lists_are_read_through_all_pages(service: Running, user: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"paged-{number}" for number in range(5)]
    refs = [service.add(small_spec(name=name)) for name in names]
    monkeypatch.setattr(client, "PAGE", 2)
    assert [sweep.ref for sweep in user.sweeps(name="paged-")] == refs[::-1]
    assert all(isinstance(sweep, SweepAnswer) for sweep in user.sweeps())
    assert list(user.sweeps(name="paged-", state="finished")) == []
    finished = service.add_finished(small_spec(name="paged-results"))
    evaluations = list(user.evaluations(finished))
    assert [(each.trial, each.rung) for each in evaluations] == [(0, 0), (0, 1), (1, 0), (2, 0), (3, 0), (4, 0)]
    results = service.files(small_spec(name="paged-results")).results()
    assert [each.folds for each in evaluations] == [result.folds for result in results]
    assert [(trial.trial, trial.rung) for trial in user.trials(finished)] == [(0, 1), (1, 0), (2, 0), (3, 0), (4, 0)]
    assert [each.epochs for each in user.trial(finished, 0).evaluations] == [1, 3]


def test_the_best_configuration_is_that_of_the_file(service: Running, user: Client) -> None:
    spec = small_spec(name="best")
    with pytest.raises(ServiceError, match="only a finished sweep has a champion") as refused:
        user.best(service.add(spec))
    assert (refused.value.status, refused.value.kind) == (404, "unknown-name")
    ref = service.add_finished(spec)
    assert user.best(ref) == read_best(service.files(spec).best).model_dump(mode="json")
    assert user.best_yaml(ref) == service.files(spec).best.read_text(encoding="utf-8")


def test_a_sweep_is_found_by_a_beginning_that_no_other_has(service: Running, user: Client) -> None:
    first, second = (service.add(small_spec(name=name)) for name in ("found", "found-too"))
    elsewhere = service.add(small_spec(name="found"), "team")
    assert user.find("found-too").ref == second
    assert user.find(first).ref == first
    assert user.find("team~fou").ref == elsewhere
    with pytest.raises(SweepError, match="by a beginning that no other has, but got 'found'") as refused:
        user.find("found")
    assert first in str(refused.value) and second in str(refused.value)
    with pytest.raises(SweepError, match="these begin so: none"):
        user.find("lost")


def test_sweeps_are_steered_and_waited_for(service: Running, user: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = service.add(small_spec(name="steered"))
    assert user.pause(ref).state == "paused"
    assert user.resume(ref).state == "queued"
    assert user.set_priority(ref, -7).priority == -7
    monkeypatch.setattr(client, "sleep", lambda _: service.board.stand(ref, state="failed", why="of tests"))
    waited = user.wait(ref, timeout_seconds=60)
    assert (waited.state, waited.why) == ("failed", "of tests")
    service.board.stand(ref, state="running")
    with pytest.raises(SweepError, match=f"{ref} must rest within 0 s, but is running"):
        user.wait(ref, timeout_seconds=0)
    assert user.cancel(ref).state == "cancelled"
    service.board.stand(ref, state="finished")
    with pytest.raises(ServiceError, match="must not have finished") as refused:
        user.cancel(ref)
    assert refused.value.status == 409


def test_logs_are_told_by_line_and_followed_until_the_sweep_rests(service: Running, user: Client) -> None:
    spec = small_spec(name="logged")
    ref = service.add(spec)
    service.say(spec, "one\ntwo\nthrée\n")
    assert list(user.logs(ref, lines=2)) == ["two", "thrée"]
    said = user.logs(ref, follow=True)
    assert next(said) == "one"
    service.board.stand(ref, state="paused")
    assert list(said) == ["two", "thrée"]
    with pytest.raises(ServiceError, match="no sweep of this name"):
        list(user.logs("none-01234567"))


def test_the_catalogue_is_the_services(user: Client) -> None:
    assert "beta_vae" in user.models()["models"]
    assert user.models("beta_vae")["name"] == "beta_vae"
    assert user.spaces("beta_vae")["model"] == "beta_vae"
    assert user.datasets("digits")["training_examples"] == 1437
    with pytest.raises(ServiceError, match="Did you mean beta_vae"):
        user.models("beta-vae")


def test_who_may_not_is_told_so_without_the_token(service: Running) -> None:
    reader, stranger = service.token(Role.READ), f"swp_{'0' * 12}_{'x' * 43}"
    with (
        Client(service.url, reader) as client,
        pytest.raises(ServiceError, match="the role must be submit or higher") as refused,
    ):
        client.submit(RAW)
    assert (refused.value.status, reader in str(refused.value)) == (403, False)
    rule = f"the token must be good at {service.url}, but is not"
    with Client(service.url, stranger) as client, pytest.raises(ServiceError, match=rule) as unknown:
        client.plan(RAW)
    assert (unknown.value.status, stranger in str(unknown.value)) == (401, False)
    assert stranger not in repr(client)


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    service: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Client(service.url, service.token(), patience_seconds=0) as client:
        assert client.datasets()["datasets"]


@pytest.mark.parametrize("ref", ["", "..", "../models", "x/../../healthz", "x?y-01234567", "default~"])
def test_what_can_be_no_ref_is_not_sent(ref: str) -> None:
    made, asked = answering(httpx2.Response(200))
    with pytest.raises(SweepError, match="a ref reads as"):
        made.sweep(ref)
    assert not asked


@pytest.mark.parametrize(
    "trouble", [httpx2.Response(429), httpx2.Response(503), httpx2.ConnectError("no"), httpx2.ReadTimeout("late")]
)
def test_a_request_is_repeated_with_the_same_key_ever_more_slowly(
    service: Running, user: Client, waits: Waits, trouble: httpx2.Response | Exception
) -> None:
    good = httpx2.Response(201, content=user.submit(RAW).model_dump_json().encode())
    made, asked = answering(trouble, trouble, trouble, good)
    assert made.submit(RAW).sweep.ref == SPEC.sweep_id
    assert waits == [0.2, 0.4, 0.8]
    assert len({request.headers["idempotency-key"] for request in asked}) == 1
    assert len({request.content for request in asked}) == 1
    made.submit(RAW)
    assert asked[-1].headers["idempotency-key"] != asked[0].headers["idempotency-key"]


def test_as_long_is_waited_as_the_service_asks_but_no_longer_than_one_has_patience(waits: Waits) -> None:
    busy = httpx2.Response(503, headers={"Retry-After": "9"})
    made, asked = answering(busy, busy, httpx2.Response(200, json={"models": {}}))
    assert made.models() == {"models": {}}
    assert waits == [9.0, 9.0]
    made, asked = answering(busy, patience_seconds=8)
    with pytest.raises(ServiceError):
        made.models()
    assert len(asked) == 1


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
def test_a_refusal_is_final(waits: Waits, status: int) -> None:
    problem = {"type": "urn:sweeps:problem:odd", "detail": f"odd things with {TOKEN}"}
    told = httpx2.Response(status, json=problem, headers={"Content-Type": "application/problem+json"})
    made, asked = answering(told)
    with pytest.raises(ServiceError) as refused:
        made.models()
    assert (str(refused.value), refused.value.status, refused.value.kind) == ("odd things with swp_…", status, "odd")
    assert (len(asked), waits) == (1, [])


def test_a_server_that_is_away_is_named_with_what_to_do(waits: Waits) -> None:
    made, asked = answering(httpx2.ConnectError("[Errno 111] Connection refused"), patience_seconds=1)
    with pytest.raises(ServiceError) as refused:
        made.models()
    remedy = "Start it with `sweeps serve`, or name another by --server or $SWEEPS_SERVER."
    rule = "a service must answer at http://x, but none does: [Errno 111] Connection refused"
    assert str(refused.value) == f"{rule}. {remedy}"
    assert (refused.value.status, len(asked)) == (0, 3)


@pytest.mark.parametrize(
    "strange",
    [
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, json={"sweeps": 1}),
        httpx2.Response(404, text="<html>"),
        httpx2.Response(302, headers={"Location": "http://elsewhere"}),
    ],
)
def test_what_is_no_service_is_told_as_such(strange: httpx2.Response) -> None:
    made, _ = answering(strange)
    with pytest.raises(ServiceError, match="Check the address"):
        list(made.sweeps())


def test_fields_that_a_later_service_adds_are_no_error(service: Running, user: Client) -> None:
    ref = service.add_finished(small_spec(name="later"))
    told = user.sweep(ref).model_dump(mode="json")
    later = {**told, "new": 1, "champion": {**told["champion"], "new": 1}}
    made, _ = answering(httpx2.Response(200, json=later))
    assert made.sweep(ref) == user.sweep(ref)
