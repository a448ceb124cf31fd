"""LocalNode: names that come late, cannot be read, or are meant to do harm."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wca_core.builtin.local.naming import LONGEST, shown, unique
from wca_core.builtin.local.node import LocalNode
from wca_core.exposition import Page
from wca_core.model.metric import Metric, MetricType, Samples
from wca_core.model.task import Task
from wca_core.readiness import State, examined
from wca_core.testing import Machine

ID = "a1" * 32
FULL = {"cgroup.procs": "7\n"}
DOCKER = f"/var/lib/docker/containers/{ID}/config.v2.json"


def only(machine: Machine) -> Task:
    (task,) = LocalNode().discover_tasks(machine.host())
    return task


def put(machine: Machine, path: str, content: object) -> Machine:
    return machine.file(path, json.dumps(content))


def docker(name: str = "/web", image: str = "acme/web:2") -> object:
    return {"Name": name, "Image": "sha256:0", "Config": {"Image": image, "Labels": None}}


def test_a_name_that_comes_later_than_its_cgroup_is_taken_then(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2(f"/docker/{ID}", FULL)
    node, host = LocalNode(), machine.host()
    names = []

    for step in range(6):
        if step == 3:
            put(machine, DOCKER, docker())
        names += [task.name for task in node.discover_tasks(host)]

    assert names == ["docker:a1a1a1a1a1a1"] * 4 + ["web"] * 2


def test_what_is_known_of_a_container_is_read_once(tmp_path: Path) -> None:
    machine = put(Machine(tmp_path).cgroup_v2(f"/docker/{ID}", FULL), DOCKER, docker())
    node, host = LocalNode(), machine.host()
    (first,) = node.discover_tasks(host)
    (tmp_path / DOCKER.lstrip("/")).unlink()
    machine.cgroup_v2("/jobs/1", FULL)

    second = [node.discover_tasks(host) for _ in range(3)][-1]

    assert [task.name for task in second] == ["web", "jobs/1"]
    assert second[0] is first


def test_a_container_started_again_is_asked_about_again(tmp_path: Path) -> None:
    machine = put(Machine(tmp_path).cgroup_v2(f"/docker/{ID}", FULL), DOCKER, docker())
    node, host = LocalNode(), machine.host()
    directory = tmp_path / "sys/fs/cgroup/docker"
    node.discover_tasks(host)

    (directory / ID).rename(tmp_path / "old")
    node.discover_tasks(host)
    put(machine, DOCKER, docker(name="/renamed")).cgroup_v2(f"/docker/{ID}", FULL)

    assert [task.name for task in node.discover_tasks(host)] == ["renamed"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"Name": 7, "Config": []}', "[" * 100_000, '{"a": ' + "9" * 10_000 + "}", "\xff"],
    ids=["empty", "cut", "list", "null", "types", "deep", "long number", "no JSON"],
)
def test_a_malformed_file_costs_the_name_only(tmp_path: Path, content: str) -> None:
    machine = Machine(tmp_path).cgroup_v2(f"/docker/{ID}", FULL).file(DOCKER, content)

    assert only(machine).name == "docker:a1a1a1a1a1a1"


def test_a_pipe_in_the_place_of_a_file_does_not_hold_up_the_agent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine = Machine(tmp_path).cgroup_v2(f"/docker/{ID}", FULL).file(DOCKER, "")
    (tmp_path / DOCKER.lstrip("/")).unlink()
    os.mkfifo(tmp_path / DOCKER.lstrip("/"))

    assert only(machine).name == "docker:a1a1a1a1a1a1"
    assert "config.v2.json: a regular file of at most" in caplog.text


def test_what_cannot_be_read_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(tmp_path).cgroup_v2(f"/docker/{ID}", FULL).cgroup_v2(f"/docker/{ID[::-1]}", FULL)
    for one in (ID, ID[::-1]):
        place = tmp_path / f"var/lib/docker/containers/{one}"
        place.mkdir(parents=True)
        (place / "config.v2.json").symlink_to("config.v2.json")  # a loop: closed to root too

    LocalNode().discover_tasks(machine.host())

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message.endswith("config.v2.json: Too many levels of symbolic links")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that every user may reach, unlike those of pytest."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Root becomes nobody; whoever else runs the tests is an ordinary user."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_an_ordinary_user_is_told_once_what_to_do_for_names(
    open_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine = Machine(open_folder)
    for one in (ID, ID[::-1]):
        machine.cgroup_v2(f"/docker/{one}", FULL)
        put(machine, DOCKER.replace(ID, one), docker())
    (open_folder / "var/lib/docker/containers").chmod(0)

    with as_ordinary_user():
        names = [task.name for task in LocalNode().discover_tasks(machine.host())]

    assert names == ["docker:1a1a1a1a1a1a", "docker:a1a1a1a1a1a1"]
    (record,) = caplog.records
    assert record.message.endswith("config.v2.json: Permission denied (run as root or with CAP_DAC_READ_SEARCH)")


def test_closed_directories_of_engines_are_needs_of_the_plugin(open_folder: Path) -> None:
    machine = Machine(open_folder)
    (requirement,) = LocalNode().requirements()

    assert examined(requirement, machine.host()).state is State.MET

    place = open_folder / "var/lib/docker/containers"
    place.mkdir(parents=True)
    place.chmod(0o010)  # also closed to its owner, who may be the one that runs this
    with as_ordinary_user():
        finding = examined(requirement, machine.host())

    assert (finding.state, finding.is_refusal) == (State.MISSING, False)
    assert "var/lib/docker/containers cannot be read (run as root or with CAP_DAC_READ_SEARCH)" in str(finding)


def test_texts_of_others_are_escaped_and_cut(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2(f"/docker/{ID}", FULL)

    task = only(put(machine, DOCKER, docker("/\x1b[2Jweb\n\u202e", "x" * 5000)))

    assert task.name == "\\x1b[2Jweb\\n\\u202e"
    assert task.labels["image"] == "x" * LONGEST


@given(st.text(st.characters(codec=None)))
def test_no_text_breaks_the_page(text: str) -> None:
    task = Task(task_id=unique(text), name=shown(text), cgroup_path="/x", labels={"image": shown(text)})

    page = Page({}).text(Samples.of([Metric("a", "b", MetricType.GAUGE).sample(1.0, task)]))

    assert b"\x1b" not in page
    assert len(task.task_id) <= LONGEST


def test_long_paths_that_differ_have_ids_that_differ() -> None:
    ids = {unique(f"{'x' * 400}{number}") for number in range(10)}

    assert len(ids) == 10


def test_a_cgroup_whose_name_is_no_text_is_a_task_like_any_other(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2("/jobs", {})
    directory = os.fsencode(tmp_path / "sys/fs/cgroup/jobs") + b"/\xff\x1b"
    os.mkdir(directory)
    with open(directory + b"/cgroup.procs", "w") as file:
        file.write("7\n")

    task = only(machine)

    assert task.task_id == task.name == "jobs/\\udcff\\x1b"
    assert os.fsencode(machine.host().cgroup_directory("cpu", task.cgroup_path) or "") == directory
