"""The guest is what the other bodies take it for."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.vm.guest import in_guest

pytestmark = in_guest

CGROUPS = Path("/sys/fs/cgroup")
NODES = Path("/sys/devices/system/node")
CONTROLLERS = {"cpu", "cpuset", "memory", "io", "pids"}


def mounts() -> list[tuple[str, str, list[str]]]:
    """(where, type, options) of each mount, in the order made."""
    rows = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [(where, kind, options.split(",")) for _, where, kind, options, *_ in rows]


def wanted(name: str) -> int:
    return int(os.environ[f"WCA_VM_{name}"])


@pytest.fixture
def child() -> Iterator[Path]:
    folder = CGROUPS / "child"
    folder.mkdir()
    yield folder
    (folder / "cgroup.kill").write_text("1")
    wait_until(lambda: counter(folder / "cgroup.events", "populated") == 0)
    folder.rmdir()


@pytest.fixture
def spinning(child: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """A shell busy in the child cgroup; it joins by itself, before it takes 4 MB and spins."""
    script = f"echo 0 > {child}/cgroup.procs && pile=$(printf %04000000d 0) && while :; do :; done"
    with subprocess.Popen(["sh", "-c", script]) as process:
        yield process
        process.kill()


def wait_until(is_so: Callable[[], bool], limit: float = 20.0) -> None:
    deadline = time.monotonic() + limit
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def counter(path: Path, name: str) -> int:
    return int(dict(line.split() for line in path.read_text().splitlines())[name])


def test_cgroup_v2_is_mounted_and_no_v1_controller_is() -> None:
    cgroups = [(where, kind) for where, kind, _ in mounts() if kind.startswith("cgroup")]

    assert cgroups == [(str(CGROUPS), "cgroup2")]


def test_a_child_cgroup_has_every_controller(child: Path) -> None:
    assert set((child / "cgroup.controllers").read_text().split()) >= CONTROLLERS
    assert {"cpu.max", "cpuset.cpus", "memory.current", "memory.numa_stat", "io.stat", "pids.max"} <= {
        path.name for path in child.iterdir()
    }


def test_a_child_cgroup_is_charged_its_processor_time_and_memory(
    child: Path, spinning: "subprocess.Popen[bytes]"
) -> None:
    wait_until(lambda: counter(child / "cpu.stat", "usage_usec") > 200_000)
    wait_until(lambda: int((child / "memory.current").read_text()) > 4_000_000)
    assert str(spinning.pid) in (child / "cgroup.procs").read_text().split()


def test_each_numa_node_has_its_cpus() -> None:
    width = wanted("CPUS_PER_NODE")
    found = {path.name: (path / "cpulist").read_text().strip() for path in NODES.glob("node[0-9]*")}

    assert found == {f"node{node}": cpulist(node * width, width) for node in range(wanted("NODES"))}


def cpulist(first: int, width: int) -> str:
    return str(first) if width == 1 else f"{first}-{first + width - 1}"


def test_each_numa_node_has_most_of_the_memory_asked_for() -> None:
    for path in NODES.glob("node[0-9]*"):
        total_kb = int((path / "meminfo").read_text().splitlines()[0].split()[-2])

        assert total_kb > 0.7 * wanted("MEMORY_PER_NODE_MB") * 1024


def test_the_root_is_this_machines_own_and_read_only() -> None:
    roots = [(kind, "ro" in options) for where, kind, options in mounts() if where == "/"]

    assert roots == [("virtiofs", True)]


@pytest.mark.parametrize("folder", ["/tmp", "/var/tmp", "/run", "/dev/shm"])
def test_temporary_folders_are_writable_and_not_this_machines(folder: str) -> None:
    assert [kind for where, kind, _ in mounts() if where == folder] == ["tmpfs"]

    (Path(folder) / "word").write_text("written")


def test_the_guest_is_root_and_knows_that_it_is_a_guest() -> None:
    assert os.geteuid() == 0
    assert os.environ["WCA_VM"] == "1"
