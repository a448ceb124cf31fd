"""The run scripts of the workloads, run: what they measure, where they run, what they leave."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from tests.cgroups import NoCgroupsError, find_trees, is_removed, pids_in, wait_until
from tests.documents import Block, blocks_of
from tests.reader import Reader
from tests.workloads import BEST_EFFORT, LATENCY_CRITICAL, NAMES, WORKLOADS

HOW_TO = WORKLOADS.parent / "docs" / "how-to" / "collocate-workloads.md"
PROGRAMS = {"redis": "redis-server", "web": "nginx"}
"""What runs, where it is not called as the workload."""

pytestmark = pytest.mark.vm  # cgroup v2, where this machine has v1

needs_its_program = pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                shutil.which(PROGRAMS.get(name, name), path=f"{os.environ['PATH']}:/usr/sbin") is None,
                reason=f"{PROGRAMS.get(name, name)} is not installed",
            ),
        )
        for name in NAMES
    ],
)


@dataclass(eq=False)
class Place:
    """A folder for what a script leaves, and a name for its cgroup."""

    folder: Path
    cgroup: str = field(default_factory=lambda: f"wca-test-{os.getpid()}-{secrets.token_hex(3)}")

    def start(self, name: str, *options: str, **variables: str) -> subprocess.Popen[str]:
        given = {"CGROUP": self.cgroup, "TMPDIR": str(self.folder), **variables}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.Popen(
            [WORKLOADS / name / "run.sh", "--quiet", *options],
            env={**os.environ, "PATH": path, **given},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def cgroups(self) -> list[Path]:
        """Directories of its cgroup; none where there can be none."""
        try:
            roots = find_trees().unique
        except NoCgroupsError:
            return []
        return [root / self.cgroup for root in roots]

    def programs(self) -> set[str]:
        """Names of what runs in its cgroup."""
        directories = [one for one in self.cgroups if one.exists()]
        return {name for one in directories[:1] for pid in pids_in(one) if (name := comm(pid))}


def comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def values(page: str) -> dict[str, float]:
    """By name; labels left out, of several the last."""
    lines = (line for line in page.splitlines() if line and not line.startswith("#"))
    return {line.partition("{")[0].split()[0]: float(line.rpartition("}")[2].split()[0]) for line in lines}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def place() -> Iterator[Place]:
    """Not of pytest: those are for root alone, and servers give root up."""
    folder = Path(tempfile.mkdtemp(prefix="wca-workloads-"))
    folder.chmod(0o755)
    yield Place(folder)
    shutil.rmtree(folder)


@needs_its_program
def test_a_workload_is_measured_and_leaves_nothing(name: str, place: Place) -> None:
    page = place.folder / "page.prom"

    process = place.start(name, "--storage_output_filename", str(page), DURATION="3", RATE="200", WORKERS="1")
    output, _ = process.communicate(timeout=100)

    assert process.returncode == 0, output
    found = values(page.read_text())
    assert found["sli"] > 0
    assert found["wca_wrapper_child_exit_code"] == 0
    assert [one for one in place.cgroups if one.exists()] == []
    assert [one.name for one in place.folder.iterdir()] == ["page.prom"]
    if name in LATENCY_CRITICAL:
        prefix = f"{name}_total"
        assert found[f"{prefix}_answers"] == found[f"{prefix}_requests"] > 100
        assert found["sli"] == found[f"{name}_p99"]


@needs_its_program
@pytest.mark.root
def test_a_workload_runs_in_a_cgroup_of_its_own_until_it_is_ended(name: str, place: Place) -> None:
    if not place.cgroups:
        pytest.skip("no cgroups can be made here")
    port = free_port()
    program = PROGRAMS.get(name, name)

    process = place.start(name, "--http_listen", f"127.0.0.1:{port}", CPUS="0")
    try:
        wait_until(lambda: any(one.startswith(program) for one in place.programs()), f"{program} does not start")
        wait_until(lambda: "wca_wrapper_up" in scraped(port), "the wrapper shows no page")
        inside = place.programs()
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)

    assert ("wca-wrapper" in inside) == (name in BEST_EFFORT)
    assert [one for one in place.cgroups if one.exists()] == [], output
    assert list(place.folder.iterdir()) == []


def scraped(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text: str = answer.read().decode()
            return text
    except OSError:
        return ""


@needs_its_program
@pytest.mark.root
def test_a_cgroup_that_is_there_already_is_left_alone(name: str, place: Place) -> None:
    if not place.cgroups:
        pytest.skip("no cgroups can be made here")
    for directory in place.cgroups[:1]:
        directory.mkdir()
    try:
        process = place.start(name)
        output, _ = process.communicate(timeout=60)
        still_there = place.cgroups[0].exists()
    finally:
        for directory in place.cgroups[:1]:
            directory.rmdir()

    assert process.returncode == 1
    assert "choose another: CGROUP=NAME" in output
    assert still_there


@pytest.mark.root
@pytest.mark.parametrize("maker", ["mkdir", "mktemp"])
def test_a_signal_that_comes_while_something_is_made_leaves_nothing(maker: str, place: Place) -> None:
    if not place.cgroups or shutil.which("sysbench") is None:
        pytest.skip("no cgroups can be made here, or sysbench is not installed")
    programs = place.folder / "programs"
    programs.mkdir()
    (programs / maker).write_text(f'#!/bin/sh\n{shutil.which(maker)} "$@"; kill -TERM $PPID\n')
    (programs / maker).chmod(0o755)

    process = place.start(
        "sysbench", PATH=f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}", DURATION="30"
    )
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 128 + signal.SIGTERM, output
    assert [one for one in place.cgroups if one.exists()] == []
    assert list(place.folder.iterdir()) == [programs]


PORTS = ("9112", "9113")
"""Of the document: whoever has the machine may need them for something else."""


class ByRoot(Block):
    """A block that root follows, whatever else its remark says."""

    @property
    def needs(self) -> list[str]:
        return ["root"]


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make cgroups")
@pytest.mark.skipif(
    any(shutil.which(one) is None for one in ("redis-server", "stress-ng", "curl", "chrt")),
    reason="redis-server, stress-ng, curl, chrt are needed",
)
def test_whoever_follows_the_how_to_sees_what_it_prints(place: Place) -> None:
    try:
        roots = find_trees().unique
    except NoCgroupsError as reason:
        pytest.skip(str(reason))
    if any((roots[0] / name).exists() for name in ("redis", "stress-ng")) or (os.cpu_count() or 1) < 2:
        pytest.skip("there are cgroups of these names already, or only one CPU")
    checkout = place.folder / "wca"
    shutil.copytree(WORKLOADS, checkout / "workloads")
    instead = {
        **{f"127.0.0.1:{port}": f"127.0.0.1:{free_port()}" for port in PORTS},
        "/tmp/collocate": str(place.folder / "collocate"),
    }
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    try:
        with Reader(checkout, place.folder / "state", path) as reader:
            for block in blocks_of(HOW_TO):
                text = replaced(block.text, instead)
                reader.follow(ByRoot(block.place, block.language, text, block.remark))
        left = [root / name for root in roots for name in ("redis", "stress-ng") if (root / name).exists()]
    finally:
        for name in ("redis", "stress-ng"):
            for directory in Path("/sys/fs/cgroup").glob(f"*/{name}"):
                wait_until(partial(is_removed, str(directory)), f"{directory} cannot be removed")

    assert left == []


def replaced(text: str, instead: Mapping[str, str]) -> str:
    for old, new in instead.items():
        text = text.replace(old, new)
    return text
