"""What the image is built of."""

import re
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.places import DEPLOY

DOCKER = DEPLOY / "docker"
PACKAGES = [name.replace("_", "-") for name in re.findall(r"\./plugins/(\w+)", (DOCKER / "Dockerfile").read_text())]


def needed(*packages: str) -> set[str]:
    """Everything that these installed packages need on this Python, with the extras asked for, however far away."""
    found: set[str] = set()
    waiting = [Requirement(package) for package in packages]
    looked_at: set[tuple[str, str]] = set()
    while waiting:
        wanted = waiting.pop()
        for extra in ["", *wanted.extras]:
            if (wanted.name, extra) not in looked_at:
                looked_at.add((wanted.name, extra))
                waiting += [
                    one for one in _requirements(wanted.name) if not one.marker or one.marker.evaluate({"extra": extra})
                ]
        found.add(canonicalize_name(wanted.name))
    return found


def _requirements(package: str) -> list[Requirement]:
    return [Requirement(text) for text in distribution(package).requires or ()]


def test_every_library_in_the_image_has_one_version() -> None:
    pinned = dict(re.findall(r"^(\S+)==(\S+)$", (DOCKER / "constraints.txt").read_text(), re.MULTILINE))

    missing = needed("wca-core", *PACKAGES) - {canonicalize_name(name) for name in pinned} - {"wca-core", *PACKAGES}

    assert missing == set(), "see the head of deploy/docker/constraints.txt"


def test_the_image_is_of_a_base_with_a_version_and_does_not_run_as_root() -> None:
    text = (DOCKER / "Dockerfile").read_text()

    assert re.search(r"^ARG PYTHON=\S+/python:3\.\d+\.\d+-slim-\w+$", text, re.MULTILINE)
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["10001:10001"]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_packages_of_the_image_are_those_of_the_project(package: str) -> None:
    assert distribution(package).version == distribution("wca-core").version


def test_what_the_image_is_built_of_is_not_kept_from_it() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    kept = re.findall(r"^!(\S+)$", (DOCKER / "Dockerfile.dockerignore").read_text(), re.MULTILINE)

    assert {path for line in copied for path in line.split()} == set(kept)
    assert [path for path in kept if not (DEPLOY.parent / path).exists()] == []
