"""What the kernel makes of allocations: cgroup v1 on this machine, v2 in the virtual machine, by the same tests.

Each type is applied, read back from the kernel's own files, felt by a process where that can be measured,
and put back byte for byte at the end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.allocation_cgroups import Scene, allocation_scene, seconds, task_of
from tests.cgroups import Cgroup, pids_in, wait_until

pytestmark = [pytest.mark.root, pytest.mark.vm]

SPIN = "while :; do :; done"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with allocation_scene(tmp_path) as made:
        yield made


def online() -> int:
    return os.sysconf("SC_NPROCESSORS_ONLN")


def spin(cgroup: Cgroup) -> None:
    cgroup.run("sh", "-c", SPIN)


def text(cgroup: Cgroup, v1: str, v2: str) -> str:
    """Of the file of the mounted version."""
    return cgroup.file(v1 if cgroup.trees.version == 1 else v2).read_text().strip()


def test_a_quota_throttles_and_is_lifted_again(scene: Scene) -> None:
    cgroup = scene.cgroups.make("batch")
    task = task_of(cgroup)
    before = scene.state(cgroup)
    spin(cgroup)

    with scene.agent(task) as agent:
        agent.allocate(task, cpu_quota=0.2 / online())
        quota = text(cgroup, "cpu.cfs_quota_us", "cpu.max").split()[0]
        started, (used,) = time.monotonic(), seconds([cgroup])
        time.sleep(2)
        part = (seconds([cgroup])[0] - used) / (time.monotonic() - started)
        measured = agent.allocate(task, cpu_quota=1.0)
        lifted = text(cgroup, "cpu.cfs_quota_us", "cpu.max").split()[0]

    assert quota == "20000"
    assert 0.1 < part < 0.3  # of one CPU, on a machine that others use too
    assert lifted in ("-1", "max")
    assert measured.value("allocation_cpu_quota", cgroup.path) == 1.0
    assert scene.state(cgroup) == before


def test_shares_of_one_and_four_divide_a_cpu_so(scene: Scene) -> None:
    few, many = scene.cgroups.make("few"), scene.cgroups.make("many")
    tasks = [task_of(few), task_of(many)]
    before = scene.state(few, many)

    with scene.agent(*tasks, cpu_weight_formula="proportional") as agent:
        agent.allocate(tasks[0], cpu_shares=1.0, cpuset_cpus="0")
        agent.allocate(tasks[1], cpu_shares=4.0, cpuset_cpus="0")
        spin(few)
        spin(many)
        used = seconds([few, many])
        time.sleep(3)
        parts = [now - then for now, then in zip(seconds([few, many]), used, strict=True)]
        weights = [int(text(one, "cpu.shares", "cpu.weight")) for one in (few, many)]

    assert weights == ([1024, 4000] if scene.version == 1 else [100, 390])  # 1.0 is near enough to the default
    assert 2.5 < parts[1] / parts[0] < 6
    assert scene.state(few, many) == before


def test_a_cpuset_pins(scene: Scene) -> None:
    cgroup = scene.cgroups.make("pinned")
    task = task_of(cgroup)
    process = cgroup.run("sh", "-c", SPIN)
    wait_until(lambda: process.pid in pids_in(cgroup.file("cpuset.cpus").parent), "it does not enter its cgroup")
    before = scene.state(cgroup)
    last = online() - 1

    with scene.agent(task) as agent:
        measured = agent.allocate(task, cpuset_cpus=[last])
        affinity = os.sched_getaffinity(process.pid)

    assert affinity == {last}
    assert measured.value("allocation_cpuset_cpus_number_of_cpus", cgroup.path) == 1
    assert os.sched_getaffinity(process.pid) == set(range(online()))
    assert scene.state(cgroup) == before


def test_memory_nodes_are_bound_and_freed(scene: Scene) -> None:
    cgroup = scene.cgroups.make("bound")
    task = task_of(cgroup)
    before = scene.state(cgroup)

    with scene.agent(task) as agent:
        agent.allocate(task, cpuset_mems="0", cpuset_memory_migrate=1)
        nodes = cgroup.file("cpuset.mems").read_text().strip()
        follows = cgroup.file("cpuset.memory_migrate").read_text() if scene.version == 1 else "1\n"

    assert nodes == "0" or len(before) == 0 or scene.version == 2
    assert follows == "1\n"
    assert scene.state(cgroup) == before


def test_an_idle_cgroup_yields_and_gets_its_weight_back(scene: Scene) -> None:
    idle, busy = scene.cgroups.make("idle"), scene.cgroups.make("busy")
    if not idle.file("cpu.idle").exists():
        pytest.skip("this kernel has no cpu.idle")
    task, other = task_of(idle), task_of(busy)
    idle.file("cpu.shares" if scene.version == 1 else "cpu.weight").write_text("2048")
    before = scene.state(idle, busy)

    with scene.agent(task, other) as agent:
        agent.allocate(other, cpuset_cpus="0")
        measured = agent.allocate(task, cpu_idle=1, cpu_shares=3.0, cpuset_cpus="0")
        spin(idle)
        spin(busy)
        used = seconds([idle, busy])
        time.sleep(2)
        parts = [now - then for now, then in zip(seconds([idle, busy]), used, strict=True)]
        flag = idle.file("cpu.idle").read_text()

    assert flag == "1\n"
    assert measured.value("allocations_errors") == 0
    assert parts[1] > 5 * parts[0]
    assert scene.state(idle, busy) == before


def test_burst_is_a_part_of_the_quota_and_never_exceeds_it(scene: Scene) -> None:
    cgroup = scene.cgroups.make("bursting")
    name = "cpu.cfs_burst_us" if scene.version == 1 else "cpu.max.burst"
    if not cgroup.file(name).exists():
        pytest.skip(f"this kernel has no {name}")
    task = task_of(cgroup)
    before = scene.state(cgroup)

    with scene.agent(task) as agent:
        agent.allocate(task, cpu_quota=0.8, cpu_burst=0.5)
        burst = int(cgroup.file(name).read_text())
        agent.allocate(task, cpu_quota=0.2)
        smaller = int(cgroup.file(name).read_text())

    quota = int(0.8 * 100000 * online())
    assert burst == quota // 2
    assert smaller == min(burst, int(0.2 * 100000 * online()))
    assert scene.state(cgroup) == before


def test_memory_protection_and_high_are_written_in_whole_pages(scene: Scene) -> None:
    cgroup = scene.cgroups.make("memory")
    task = task_of(cgroup)
    before = scene.state(cgroup)

    with scene.agent(task) as agent:
        agent.allocate(task, memory_low=64 * 2**20 + 5)
        low = text(cgroup, "memory.soft_limit_in_bytes", "memory.low")
        refused = agent.allocate(task, memory_high=128 * 2**20, memory_min=2**20)
        others = [cgroup.file(name) for name in ("memory.high", "memory.min")]
        found = [path.read_text().strip() for path in others if path.exists()]

    assert low == str(64 * 2**20)
    if scene.version == 1:
        assert refused.value("allocations_errors") == 1  # v1 has neither
    else:
        assert found == [str(128 * 2**20), str(2**20)]
    assert scene.state(cgroup) == before


def test_a_pod_is_limited_as_a_whole_and_its_containers_are_freed_first(scene: Scene) -> None:
    pod, one, two = (scene.cgroups.make(name) for name in ("pod", "pod/one", "pod/two"))
    task = task_of(pod, one, two)
    file = "cpu.cfs_quota_us" if scene.version == 1 else "cpu.max"
    one.file(file).write_text("50000")
    before = scene.state(pod, one, two)

    with scene.agent(task) as agent:
        agent.allocate(task, cpu_quota=0.3 / online())
        limits = [cgroup.file(file).read_text().split()[0] for cgroup in (pod, one, two)]
        agent.allocate(task, cpu_quota=0.9, cpuset_cpus="0")
        sets = [cgroup.file("cpuset.cpus").read_text().strip() for cgroup in (one, two)]
        wider = pod.file("cpuset.cpus").read_text()

    assert limits == ["30000", *["-1" if scene.version == 1 else "max"] * 2]
    assert sets == ["0", "0"]
    assert scene.version == 2 or wider.encode() == before[str(pod.file("cpuset.cpus"))]
    assert scene.state(pod, one, two) == before


def test_a_quota_that_the_parent_does_not_allow_leaves_the_task_as_it_was(scene: Scene) -> None:
    if scene.version == 2:
        pytest.skip("v2 lets a child have more than its parent")
    parent, child = scene.cgroups.make("parent"), scene.cgroups.make("parent/child")
    parent.file("cpu.cfs_quota_us").write_text("20000")
    task = task_of(child)
    before = scene.state(child)

    with scene.agent(task) as agent:
        measured = agent.allocate(task, cpu_quota=0.9, cpu_shares=7.0)
        during = scene.state(child)

    assert during == before
    assert measured.value("wca_allocation_write_errors", type="cpu_quota", errno="EINVAL") == 1
    assert measured.value("wca_allocation_rollbacks", type="cpu_quota") is not None


def test_a_cgroup_that_goes_while_it_is_allocated_to_costs_nobody_else(scene: Scene) -> None:
    gone, stays = scene.cgroups.make("gone"), scene.cgroups.make("stays")
    tasks = [task_of(gone), task_of(stays)]

    with scene.agent(*tasks) as agent:
        agent.allocate(tasks[0], cpu_shares=5.0)
        gone.remove()
        agent.allocate(tasks[0], cpu_shares=9.0)
        measured = agent.allocate(tasks[1], cpu_shares=2.0)

    assert measured.value("allocation_cpu_shares", stays.path) == pytest.approx(2.0, rel=0.02)


def test_what_is_in_force_already_is_not_written(scene: Scene) -> None:
    cgroup = scene.cgroups.make("settled")
    task = task_of(cgroup)
    wishes = {"cpu_quota": 0.5, "cpu_shares": 3.0, "cpuset_cpus": "0", "cpuset_mems": "0", "memory_low": 2**20}

    with scene.agent(task) as agent:
        agent.allocate(task, **wishes)
        first = agent.allocate(task, **wishes).value("allocations_writes", type="cpu_quota")
        measured = agent.allocate(task, **wishes)

    assert first == 1
    for name in wishes:
        assert measured.value("allocations_writes", type=name) in (None, 0, 1)


def test_a_weight_of_pods_tells_which_formula_made_it(scene: Scene) -> None:
    if scene.version == 1:
        pytest.skip("only cgroup v2 has weights")
    pods = [scene.cgroups.make(f"pod{number}") for number in range(3)]
    for pod, weight in zip(pods, (20, 39, 77), strict=True):
        pod.file("cpu.weight").write_text(str(weight))
    tasks = [task_of(pod, resources={"requests_cpu": cpus}) for pod, cpus in zip(pods, (0.5, 1.0, 1.954), strict=True)]

    with scene.agent(*tasks, cpu_shares_unit=1024) as agent:
        measured = agent.allocate(tasks[0], cpu_shares=4.0)
        weight = pods[0].file("cpu.weight").read_text()

    assert weight == "157\n"  # linear
    assert measured.value("allocation_cpu_shares", pods[1].path) == pytest.approx(1.0, rel=0.05)
