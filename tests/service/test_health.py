"""The service about itself."""

import json
import re
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sweeps.service.headers import SECURITY_HEADERS
from sweeps.service.openapi import REFUSALS
from tests.service.conftest import Caller, Service
from tests.sweep_on_disk import RAW


def test_the_service_is_ready_if_all_that_it_needs_is(service: Service, user: Caller) -> None:
    assert user.get("/readyz") == {"status": "ok", "checks": {"mlflow": "ok", "storage": "ok", "executor": "ok"}}
    service.board.checks["mlflow"] = "MLflow does not answer"
    assert user.get("/readyz", 503)["detail"] == "mlflow: MLflow does not answer"
    assert service.nobody().get("/healthz") == {"status": "ok"}


def test_figures_count_requests_by_route_and_sweeps_by_state(service: Service, user: Caller) -> None:
    user.post("/api/v1/sweeps", RAW, 201)
    user.get("/api/v1/sweeps/nobody-00000000", 404)
    user.get("/nowhere", 404)
    service.nobody().get("/readyz", 401)
    user.ask("INVENTED", "/healthz")
    families = text_string_to_metric_families(user.ask("GET", "/metrics").text)
    told = {(sample.name, *sorted(sample.labels.items())): sample.value for each in families for sample in each.samples}

    def requests(method: str, route: str, status: str) -> float | None:
        return told.get(("sweeps_requests_total", ("method", method), ("route", route), ("status", status)))

    assert requests("POST", "/sweeps", "201") == 1
    assert requests("GET", "/sweeps/{ref}", "404") == 1
    assert requests("GET", "none", "404") == 1
    assert requests("GET", "none", "401") == 1
    assert requests("other", "/healthz", "405") == 1
    assert told["sweeps_sweeps", ("state", "queued")] == 1
    assert told["sweeps_sweeps", ("state", "failed")] == 0
    assert not any("nobody" in str(key) or "nowhere" in str(key) for key in told)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/nowhere", "/api/v1/models", "/api/v1/sweeps?limit=0"])
def test_every_answer_tells_browsers_to_keep_and_run_nothing(service: Service, user: Caller, path: str) -> None:
    for caller in (user, service.nobody()):
        headers = caller.ask("GET", path).headers
        assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_a_fault_of_ours_is_told_without_what_it_was(
    service: Service, user: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Any:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr(service.board, "views", fail)
    answer = user.ask("GET", "/api/v1/sweeps")
    assert answer.status_code == 500
    assert "inside" not in answer.text
    assert "Traceback" not in answer.text
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_the_description_refers_to_nothing_that_is_missing(user: Caller) -> None:
    described = user.get("/api/v1/openapi.json")
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert referred <= set(described["components"]["schemas"])
    assert {"Problem", "SweepSpec"} <= referred
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_every_route_describes_its_refusals_as_problems(user: Caller) -> None:
    for operations in user.get("/api/v1/openapi.json")["paths"].values():
        for operation in operations.values():
            refusals = {status: told for status, told in operation["responses"].items() if status >= "400"}
            assert set(refusals) <= set(REFUSALS)
            for told in refusals.values():
                assert list(told["content"]) == ["application/problem+json"]


def test_examples_of_the_description_are_sound(user: Caller) -> None:
    body = user.get("/api/v1/openapi.json")["paths"]["/api/v1/plan"]["post"]["requestBody"]["content"]
    as_json = user.post("/api/v1/plan", body["application/json"]["example"])
    headers = {"Content-Type": "application/yaml"}
    as_yaml = user.ask("POST", "/api/v1/plan", headers=headers, content=body["application/yaml"]["example"]).json()
    assert as_json == as_yaml
    assert as_json["trials"] == 17


def test_what_ships_is_told_in_full(user: Caller) -> None:
    assert "beta_vae" in user.get("/api/v1/models")["models"]
    assert user.get("/api/v1/models/beta_vae")["has_likelihood"] is True
    assert user.get("/api/v1/spaces/beta_vae")["model"] == "beta_vae"
    assert user.get("/api/v1/datasets/digits")["side"] == 8
    assert "Did you mean digits?" in user.get("/api/v1/datasets/digit", 404)["detail"]
