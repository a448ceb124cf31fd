"""LocalNode finds the containers of real engines, with their names and images, as they come and go.

One test of each engine runs in the virtual machine too, so on cgroup v2.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cgroups import V1_CONTROLLERS, find_trees
from tests.containers import (
    IMAGE,
    Containerd,
    Docker,
    Ground,
    Podman,
    Runtime,
    cgroup_mounts,
    containerd,
    docker,
    podman,
    runtime,
)
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.local.node import LocalNode
from wca_core.host import Host
from wca_core.model.task import Task
from wca_core.testing import run_step

pytestmark = pytest.mark.root


def node_of(ground: Ground, **fields: object) -> LocalNode:
    """One that sees only what is in the cgroup of a test."""
    return LocalNode(include=[f"{ground.cgroup}/*"], **fields)  # type: ignore[arg-type]


def tasks_of(node: LocalNode, host: Host) -> dict[str, Task]:
    tasks = node.discover_tasks(host)
    by_name = {task.name: task for task in tasks}
    assert len(by_name) == len(tasks)
    return by_name


@pytest.fixture
def dockerd() -> Iterator[Docker]:
    with docker() as client:
        yield client


def test_containers_of_docker_have_their_names_and_images(dockerd: Docker) -> None:
    ids = {name: dockerd.run(name) for name in ("web", "db")}

    tasks = tasks_of(node_of(dockerd.ground, docker_directories=[str(dockerd.data)]), Host())

    assert tasks.keys() == ids.keys()
    for name, container_id in ids.items():
        assert tasks[name].cgroup_path == f"{dockerd.ground.cgroup}/docker/{container_id}"
        assert tasks[name].labels == {
            "engine": "docker",
            "container_id": container_id,
            "container_name": name,
            "image": IMAGE,
        }


def test_a_container_of_docker_that_is_made_anew_is_another_task_and_one_started_again_is_the_same(
    dockerd: Docker,
) -> None:
    first, other = dockerd.run("web"), dockerd.run("db")
    node, host = node_of(dockerd.ground, docker_directories=[str(dockerd.data)]), Host()
    before = tasks_of(node, host)

    dockerd("restart", "--time=0", other)
    dockerd("rm", "--force", first)
    second = dockerd.run("web")
    after = tasks_of(node, host)

    assert after["db"] is before["db"]
    assert [tasks["web"].labels["container_id"] for tasks in (before, after)] == [first, second]

    dockerd("stop", "--time=0", other)

    assert tasks_of(node, host).keys() == {"web"}


@pytest.mark.vm
def test_what_a_container_of_docker_uses_is_measured(dockerd: Docker) -> None:
    container_id = dockerd.run("web")
    node = node_of(dockerd.ground, docker_directories=[str(dockerd.data)])

    step = run_step(Host(), [node, CgroupMetrics()])

    (seconds,) = [
        sample.value for sample in step.samples("task_cpu_usage_seconds") if sample.labels["task_name"] == "web"
    ]
    assert seconds == pytest.approx(cpu_seconds(f"{dockerd.ground.cgroup}/docker/{container_id}"), rel=0.01)
    assert seconds > 0


def cpu_seconds(path: str) -> float:
    trees = find_trees()
    if trees.version == 1:
        return int((trees.directories["cpuacct"] / path.strip("/") / "cpuacct.usage").read_text()) / 1e9
    words = (trees.directories["cpu"] / path.strip("/") / "cpu.stat").read_text().split()
    return int(words[words.index("usage_usec") + 1]) / 1e6


def test_a_cgroup_that_a_container_makes_for_itself_belongs_to_it(dockerd: Docker) -> None:
    container_id = dockerd.run("outer")
    node, host = node_of(dockerd.ground, docker_directories=[str(dockerd.data)]), Host()
    before = tasks_of(node, host)

    for directory in directories_of(f"{dockerd.ground.cgroup}/docker/{container_id}"):
        inner = directory / "docker" / ("c3" * 32)
        inner.mkdir(parents=True)
        process = (directory / "cgroup.procs").read_text().split()[0]
        (inner / "cgroup.procs").write_text(process)

    assert tasks_of(node, host) == before
    assert node.discover_tasks(host) is node.discover_tasks(host)


def directories_of(path: str) -> list[Path]:
    """Where a cgroup is seen in the hierarchies of cpu, memory and so on."""
    found = [Path(point + path) for point in cgroup_mounts() if Path(point).name in V1_CONTROLLERS]
    return found or [Path(point + path) for point in cgroup_mounts()]


@pytest.fixture
def libpod() -> Iterator[Podman]:
    with podman() as client:
        yield client


@pytest.mark.vm
def test_containers_of_podman_have_their_names_and_images_and_conmon_is_no_task(libpod: Podman) -> None:
    ids = {name: libpod.run(name) for name in ("web", "db")}
    node, host = node_of(libpod.ground, storage_directories=[str(libpod.storage)]), Host()

    tasks = tasks_of(node, host)

    assert tasks.keys() == ids.keys()
    for name, container_id in ids.items():
        assert tasks[name].cgroup_path == f"{libpod.ground.cgroup}/libpod-{container_id}"
        assert tasks[name].labels == {
            "engine": "podman",
            "container_id": container_id,
            "container_name": name,
            "image": f"localhost/{IMAGE}",
        }

    libpod("rm", "--force", "--time=0", "web")

    assert tasks_of(node, host) == {"db": tasks["db"]}


@pytest.fixture
def ctr() -> Iterator[Containerd]:
    with containerd() as client:
        yield client


@pytest.mark.vm
def test_containers_of_containerd_have_the_names_they_were_given(ctr: Containerd) -> None:
    ctr.run("cache")
    node, host = node_of(ctr.ground, containerd_directories=[str(ctr.state)]), Host()

    tasks = tasks_of(node, host)

    assert tasks["cache"].cgroup_path == f"{ctr.ground.cgroup}/cache"
    assert tasks["cache"].labels == {"engine": "containerd", "container_id": "cache", "container_name": "cache"}


@pytest.fixture(params=["runc", "crun"])
def oci(request: pytest.FixtureRequest) -> Iterator[Runtime]:
    if request.param == "crun" and len(set(map(kind_of_mount, cgroup_mounts()))) > 1:
        pytest.skip("crun refuses machines with both versions of cgroups mounted")
    with runtime(request.param) as client:
        yield client


def kind_of_mount(point: str) -> str:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return next(kind for _, where, kind, *_ in map(str.split, lines) if where == point)


@pytest.mark.vm
def test_containers_without_an_engine_have_the_names_they_were_given(oci: Runtime) -> None:
    oci.run("trial", f"{oci.ground.cgroup}/trial")
    node, host = node_of(oci.ground, runtime_directories=[str(oci.state)]), Host()

    tasks = tasks_of(node, host)

    assert tasks["trial"].labels == {
        "engine": oci.program,
        "container_id": "trial",
        "container_name": "trial",
        "image": IMAGE,
    }

    oci("delete", "--force", "trial")

    assert tasks_of(node, host) == {}


@pytest.mark.vm
@pytest.mark.parametrize("driver", ["cgroupfs", "systemd"])
def test_containers_in_the_places_of_kubernetes_have_the_uid_of_their_pod(oci: Runtime, driver: str) -> None:
    uid, container_id = "2fc932ce-fdcc-454b-97bd-aadfdeb4c340", "a1" * 32
    places = {
        "cgroupfs": f"kubepods/burstable/pod{uid}/{container_id}",
        "systemd": f"kubepods.slice/kubepods-pod{uid.replace('-', '_')}.slice/cri-containerd-{container_id}.scope",
    }
    oci.run(container_id, f"{oci.ground.cgroup}/{places[driver]}")

    (task,) = node_of(oci.ground, runtime_directories=[str(oci.state)]).discover_tasks(Host())

    assert task.labels["pod_uid"] == uid
    assert task.labels["container_id"] == container_id
    assert task.labels["engine"] == (oci.program if driver == "cgroupfs" else "containerd")
