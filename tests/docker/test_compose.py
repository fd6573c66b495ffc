"""docker/compose.yaml: what it takes from outside, what it shows outside, and how little its roles may do."""

import re
from typing import Any

import pytest

from tests.docker.composed import composed
from tests.docker.env_example import EXAMPLE, PLACEHOLDER
from tests.docker.running_role import DOCKER

NAMES = ["mlflow", "postgres", "ray-head", "ray-worker", "ray-worker-gpu", "service"]


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = composed()["services"][name]
    return found


def test_the_services_are_those_that_these_tests_know() -> None:
    assert sorted(composed()["services"]) == NAMES


def test_every_variable_stands_in_the_example_and_every_one_there_is_used() -> None:
    text = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{?(\w+)", text)) == set(EXAMPLE)


@pytest.mark.parametrize("name", NAMES)
def test_a_role_writes_to_its_volumes_alone_and_can_gain_no_rights(name: str) -> None:
    role = service(name)
    assert role["read_only"] is True
    assert role["cap_drop"] == ["ALL"]
    assert role["security_opt"] == ["no-new-privileges:true"]
    assert {mount["type"] for mount in role["volumes"]} == {"volume"}
    assert not {"privileged", "cap_add", "network_mode", "pid", "user"} & set(role)


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_in_a_command_line_or_in_an_image(name: str) -> None:
    role = service(name)
    assert (role["command"], role["entrypoint"]) == (None, None)
    assert PLACEHOLDER not in str(role["build"])


def test_the_service_alone_can_be_reached_and_from_this_machine_alone() -> None:
    published = {name: service(name)["ports"] for name in NAMES if "ports" in service(name)}
    assert list(published) == ["service"]
    assert [(port["host_ip"], port["published"], port["target"]) for port in published["service"]] == [
        ("127.0.0.1", EXAMPLE["SWEEPS_PORT"], 8000)
    ]
    assert [name for name in NAMES if set(service(name)["networks"]) != {"inside"}] == ["service"]
    assert composed()["networks"]["inside"]["internal"] is True


def test_each_starts_once_what_it_needs_is_healthy() -> None:
    conditions = {
        (name, needed): how["condition"]
        for name in NAMES
        for needed, how in service(name).get("depends_on", {}).items()
    }
    assert conditions == dict.fromkeys(
        [
            ("mlflow", "postgres"),
            ("ray-head", "mlflow"),
            ("ray-worker", "ray-head"),
            ("ray-worker-gpu", "ray-head"),
            ("service", "mlflow"),
            ("service", "ray-head"),
        ],
        "service_healthy",
    )


def test_workers_are_of_the_profile_that_is_asked_for() -> None:
    profiles = {name: service(name)["profiles"] for name in NAMES if "profiles" in service(name)}
    assert profiles == {"ray-worker": ["cpu"], "ray-worker-gpu": ["gpu"]}
    accelerators = {name: service(name)["build"]["args"]["ACCELERATOR"] for name in NAMES if name != "postgres"}
    assert [name for name, accelerator in accelerators.items() if accelerator == "cuda"] == ["ray-worker-gpu"]
    devices = service("ray-worker-gpu")["deploy"]["resources"]["reservations"]["devices"]
    assert [device["capabilities"] for device in devices] == [["gpu"]]


def test_whoever_evaluates_or_drives_has_the_home_at_the_same_path() -> None:
    homes = {
        name: mount["target"] for name in NAMES for mount in service(name)["volumes"] if mount.get("source") == "home"
    }
    assert homes == dict.fromkeys(["ray-head", "ray-worker", "ray-worker-gpu", "service"], "/var/lib/sweeps")
