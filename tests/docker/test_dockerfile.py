"""docker/Dockerfile: what no linter knows about it, since no build tells before a container engine does."""

import configparser
import os
import re

import pytest

from tests.docker.running_role import DOCKER

ROOT = DOCKER.parent

TEXT = (DOCKER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


def instructions(name: str) -> list[str]:
    """Return the words after each instruction of a name, in order."""
    return re.findall(rf"^{name} +(.*)$", TEXT, re.MULTILINE)


def copied() -> list[str]:
    """Return what is copied from the repository, file by file and folder by folder."""
    return [source for words in instructions("COPY") if "--from" not in words for source in words.split()[:-1]]


def test_the_build_is_given_what_it_copies_and_nothing_else() -> None:
    lines = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert (rules[0], rules[-1]) == ("*", "**/__pycache__")
    assert sorted(rules[1:-1]) == sorted({f"!{source}" for source in copied()})
    assert all((ROOT / source).exists() for source in copied())


def test_every_package_is_in_the_image() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    packages = setup["options.packages.find"]["include"].replace("*", "").split()
    assert set(packages) <= set(copied())


def test_base_images_are_pinned_to_a_release_and_python_is_the_same_throughout() -> None:
    images = [words.split()[0] for words in instructions("FROM")]
    assert [re.fullmatch(r"(python:3\.11\.\d+-slim|postgres:15\.\d+)-bookworm", image) for image in images].count(
        None
    ) == 0
    assert len({image for image in images if image.startswith("python:")}) == 1


def test_no_role_is_root() -> None:
    users = [int(number) for user in instructions("USER") for number in user.split(":")]
    assert len(instructions("USER")) == len(instructions("ENTRYPOINT")) == 2
    assert min(users) > 0


@pytest.mark.parametrize("path", re.findall(r'"/opt/docker/([^"]+)"', TEXT))
def test_what_an_image_starts_is_there(path: str) -> None:
    assert (DOCKER / path).is_file()
    assert os.access(DOCKER / path, os.X_OK) or path.endswith(".py")


def test_no_address_of_an_index_is_in_any_file() -> None:
    texts = [path.read_text(encoding="utf-8") for path in DOCKER.rglob("*") if path.is_file() and path.name != ".env"]
    hosts = set(re.findall(r"https?://([^/\s:\"']+)", "\n".join(texts)))
    assert hosts == {"127.0.0.1", "localhost", "mlflow", "ray-head"}
