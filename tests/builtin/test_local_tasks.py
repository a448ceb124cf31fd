"""LocalNode: which cgroups are tasks, one for each container, service or group of processes."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from wca_core.builtin.local.node import LocalNode
from wca_core.testing import Machine

ID, OTHER = "a1" * 32, "b2" * 32
FULL = {"cgroup.procs": "7\n"}
EMPTY = {"cgroup.procs": ""}
SLICES = "/system.slice", "/user.slice", "/user.slice/user-1000.slice", "/machine.slice"
MANAGER = "/user.slice/user-1000.slice/user@1000.service"
TREES = ("cpu", "cpuacct", "memory")


@pytest.fixture(params=["v1", "v2", "hybrid"])
def machine(tmp_path: Path, request: pytest.FixtureRequest) -> Machine:
    made = Machine(tmp_path)
    made.mode = request.param  # type: ignore[attr-defined]
    return made


def hold(machine: Machine, *paths: str, files: dict[str, str] = FULL) -> Machine:
    """Cgroups with processes."""
    for path in paths:
        if machine.mode != "v2":  # type: ignore[attr-defined]
            machine.cgroup_v1(path, dict.fromkeys(TREES, files))
        if machine.mode != "v1":  # type: ignore[attr-defined]
            machine.cgroup_v2(path, files)
    return machine


def found(machine: Machine, node: LocalNode | None = None) -> list[str]:
    return [task.cgroup_path for task in (node or LocalNode()).discover_tasks(machine.host())]


def test_services_scopes_and_sessions_are_tasks_and_slices_are_not(machine: Machine) -> None:
    units = [
        "/init.scope",
        "/system.slice/ssh.service",
        "/system.slice/system-getty.slice/getty@tty1.service",
        "/user.slice/user-1000.slice/session-3.scope",
        f"{MANAGER}/app.slice/editor.service",
        f"{MANAGER}/init.scope",
    ]
    hold(machine, *SLICES, files=EMPTY)

    assert found(hold(machine, *units)) == sorted(units)


@pytest.mark.parametrize(
    "container",
    [
        f"/docker/{ID}",
        f"/system.slice/docker-{ID}.scope",
        f"/machine.slice/libpod-{ID}.scope",
        f"{MANAGER}/user.slice/libpod-{ID}.scope",
        f"/kubepods/burstable/pod2fc932ce-fdcc-454b-97bd-aadfdeb4c340/{ID}",
        "/lxc.payload.web",
        "/machine.slice/machine-web.scope",
    ],
)
@pytest.mark.parametrize(
    "inside",
    ["container", f"docker/{OTHER}", "system.slice/ssh.service", f"kubepods/pod1/{OTHER}", "payload/init.scope"],
)
def test_what_is_inside_a_container_belongs_to_it(machine: Machine, container: str, inside: str) -> None:
    hold(machine, container, files=EMPTY)

    assert found(hold(machine, f"{container}/{inside}")) == [container]


@pytest.mark.parametrize("inside", ["worker-1", "supervisor", "a/b", "nested.service"])
def test_what_is_inside_a_service_belongs_to_it(machine: Machine, inside: str) -> None:
    hold(machine, "/system.slice/web.service", files=EMPTY)

    assert found(hold(machine, f"/system.slice/web.service/{inside}")) == ["/system.slice/web.service"]


@pytest.mark.parametrize(
    "container", [f"libpod-payload-{ID}", f"kubepods-besteffort-pod1.slice:cri-containerd:{ID}", f"deeper/{ID}"]
)
def test_a_container_in_the_cgroup_of_a_service_is_the_task_in_its_place(machine: Machine, container: str) -> None:
    service = "/system.slice/web.service"

    assert found(hold(machine, service, f"{service}/runtime", f"{service}/{container}")) == [f"{service}/{container}"]


def test_what_watches_over_containers_is_no_task(machine: Machine) -> None:
    hold(machine, f"/machine.slice/libpod-conmon-{ID}.scope", f"/machine.slice/libpod-{ID}.scope")
    hold(machine, f"/kubepods.slice/crio-conmon-{OTHER}.scope", f"/kubepods.slice/crio-{OTHER}.scope")
    hold(machine, "/libpod_parent/conmon", "/lxc.monitor.web", "/lxc.payload.web")

    assert found(machine) == [
        f"/kubepods.slice/crio-{OTHER}.scope",
        "/lxc.payload.web",
        f"/machine.slice/libpod-{ID}.scope",
    ]


def test_of_other_cgroups_the_topmost_with_processes_is_the_task(machine: Machine) -> None:
    hold(machine, "/jobs", "/batch", files=EMPTY)

    assert found(hold(machine, "/jobs/1", "/jobs/1/step", "/jobs/2", "/batch/a/b")) == [
        "/batch/a/b",
        "/jobs/1",
        "/jobs/2",
    ]


@pytest.mark.parametrize("stray", ["/docker", "/kubepods", "/kubepods/pod1", "/jobs"])
def test_a_stray_process_above_containers_does_not_hide_them(machine: Machine, stray: str) -> None:
    containers = [f"/docker/{ID}", f"/jobs/x/{OTHER}", f"/kubepods/pod1/{OTHER}"]

    assert found(hold(machine, stray, *containers)) == containers


def test_a_slice_is_a_task_only_where_nothing_in_it_is(machine: Machine) -> None:
    hold(machine, *SLICES)

    assert found(hold(machine, "/system.slice/ssh.service")) == [
        "/machine.slice",
        "/system.slice/ssh.service",
        "/user.slice/user-1000.slice",
    ]


def test_cgroups_without_processes_are_no_tasks(machine: Machine) -> None:
    empty = f"/docker/{OTHER}", "/system.slice/tmp.mount", "/system.slice/once.service", "/jobs/old"
    hold(machine, *empty, files=EMPTY)

    assert found(hold(machine, f"/docker/{ID}")) == [f"/docker/{ID}"]


def test_a_cgroup_that_is_in_one_tree_only_is_a_task(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    for tree in TREES:
        machine.cgroup_v1(f"/only-{tree}", {tree: FULL})

    assert found(machine) == ["/only-cpu", "/only-cpuacct", "/only-memory"]


def test_v2_tells_of_a_whole_container_in_one_file(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cgroup_v2(f"/docker/{ID}", {"cgroup.events": "populated 1\nfrozen 0\n"})
    machine.cgroup_v2(f"/docker/{OTHER}", {"cgroup.events": "populated 0\nfrozen 0\n"})

    assert found(machine) == [f"/docker/{ID}"]


def test_a_task_that_is_over_is_no_task_after_a_while_although_its_cgroup_stays(machine: Machine) -> None:
    paths = [f"/jobs/{number:02}" for number in range(20)]
    node, host = LocalNode(), hold(machine, *paths).host()
    node.discover_tasks(host)
    hold(machine, *paths[5:10], files=EMPTY)

    seen = [len(node.discover_tasks(host)) for _ in range(10)]

    assert seen[-1] == 15
    assert seen == sorted(seen, reverse=True)


def test_of_many_empty_cgroups_one_just_made_is_seen_in_the_next_step(machine: Machine) -> None:
    old = [f"/jobs/{number:03}" for number in range(100)]
    node, host = LocalNode(), hold(machine, *old, files=EMPTY).host()
    node.discover_tasks(host)
    hold(machine, "/jobs/new", files=EMPTY)
    node.discover_tasks(host)
    hold(machine, "/jobs/new")

    assert tasks_after(1, node, host) == ["/jobs/new"]

    hold(machine, "/jobs/017")

    assert tasks_after(14, node, host) == ["/jobs/017", "/jobs/new"]


def tasks_after(steps: int, node: LocalNode, host: object) -> Sequence[str]:
    found = [node.discover_tasks(host) for _ in range(steps)]  # type: ignore[arg-type]
    return [task.cgroup_path for task in found[-1]]


def test_unchanged_tasks_are_the_same_objects_whatever_else_comes_or_goes(machine: Machine) -> None:
    hold(machine, f"/docker/{ID}", "/system.slice/a.service", "/system.slice/c.service")
    node, host = LocalNode(), machine.host()
    first = node.discover_tasks(host)

    assert node.discover_tasks(host) is first

    hold(machine, "/system.slice/b.service")
    second = node.discover_tasks(host)

    assert [task.cgroup_path.rpartition("/")[2] for task in second] == [ID, "a.service", "b.service", "c.service"]
    assert [id(second[at]) for at in (0, 1, 3)] == list(map(id, first))
