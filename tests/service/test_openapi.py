"""The service beside its own description: schemathesis invents requests and checks each answer against it."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import one_of
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from sweeps.service.tokens import Role
from sweeps.spec_checks import parse_spec
from tests.service.conftest import Caller, Service, make_service
from tests.service.test_access import RULES
from tests.sweep_on_disk import RAW

load_all_checks()

# A spec can fit the schema and still ask for what no model has: then it is refused, with every fault.
ALLOWED = CHECKS.get_by_names(["positive_data_acceptance"])


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Service:
    service = make_service(tmp_path_factory.mktemp("fuzzed"))
    ref = service.caller(Role.SUBMIT).post("/api/v1/sweeps", RAW, 201)["sweep"]["ref"]
    service.board.stand(ref, state="finished")  # or its log would be followed for ever
    return service


@pytest.fixture(scope="module")
def admin(fuzzed: Service) -> Caller:
    return fuzzed.caller(Role.ADMIN)


@pytest.fixture(scope="module")
def described(fuzzed: Service, admin: Caller) -> Any:
    schema = schemathesis.openapi.from_dict(admin.get("/api/v1/openapi.json"))
    schema.app = fuzzed.client.app
    return schema


@pytest.mark.parametrize("route", RULES)
def test_every_answer_is_as_described(described: Any, admin: Caller, route: str) -> None:
    method, path = route.split(" ")

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=one_of([described[path][method].as_strategy(generation_mode=mode) for mode in GenerationMode]))
    def check(case: Any) -> None:
        if "ref" in case.path_parameters:
            case.path_parameters["ref"] = parse_spec(RAW).sweep_id
        case.call_and_validate(headers={"Authorization": f"Bearer {admin.token}"}, excluded_checks=ALLOWED)

    check()
