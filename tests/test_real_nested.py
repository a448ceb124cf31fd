"""Cgroups within cgroups, where v1 demands that a child has no more than its parent.

cgroup v1 on this machine, v2 (which lets a child ask for more) in the virtual machine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.allocation_cgroups import Scene, allocation_scene, task_of
from tests.cgroups import Cgroup
from wca_core.model.allocation import Allocation, AllocationType

pytestmark = [pytest.mark.root, pytest.mark.vm]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with allocation_scene(tmp_path) as made:
        yield made


def online() -> int:
    return os.sysconf("SC_NPROCESSORS_ONLN")


def quota(cgroup: Cgroup, scene: Scene) -> str:
    return cgroup.file("cpu.cfs_quota_us" if scene.version == 1 else "cpu.max").read_text().split()[0]


def test_a_set_that_a_cgroup_within_does_not_fit_into_changes_nothing_on_v1(scene: Scene) -> None:
    outer, inner = scene.cgroups.make("outer"), scene.cgroups.make("outer/inner")
    inner.file("cpuset.cpus").write_text(f"0-{online() - 1}")
    task = task_of(outer)
    before = scene.state(outer, inner)

    with scene.agent(task) as agent:
        measured = agent.allocate(task, cpuset_cpus="0", cpu_shares=7.0)
        during = scene.state(outer, inner)
        applied = outer.file("cpuset.cpus").read_text()

    if scene.version == 1:
        assert during == before
        assert measured.value("wca_allocation_write_errors", type="cpuset_cpus", errno="EBUSY") == 1
    else:
        assert applied == "0\n"
    assert scene.state(outer, inner) == before


def test_a_pod_whose_container_has_limits_within_is_undone_as_a_whole_on_v1(scene: Scene) -> None:
    pod, container = scene.cgroups.make("pod"), scene.cgroups.make("pod/one")
    within = scene.cgroups.make("pod/one/within")
    for cgroup, amount in ((pod, 90000), (container, 80000), (within, 70000)):
        set_quota(cgroup, scene, amount)
    task = task_of(pod, container)
    before = scene.state(pod, container, within)

    with scene.agent(task) as agent:
        measured = agent.allocate(task, cpu_quota=0.5 / online(), cpu_shares=7.0)
        during = scene.state(pod, container, within)
        limits = [quota(one, scene) for one in (pod, container, within)]

    if scene.version == 1:
        assert during == before
        assert measured.value("wca_allocation_write_errors", type="cpu_quota", errno="EINVAL") == 1
    else:
        assert limits == ["50000", "max", "70000"]
    assert scene.state(pod, container, within) == before


@pytest.mark.parametrize("names", [("a", "a/b"), ("z", "z/b")])
def test_a_task_within_another_shrinks_and_grows_with_it_within_two_steps(scene: Scene, names: tuple[str, str]) -> None:
    outer, inner = (scene.cgroups.make(name) for name in names)
    tasks = [task_of(outer), task_of(inner)]
    before = scene.state(outer, inner)
    found = []

    with scene.agent(*tasks) as agent:
        for part in (0.9, 0.4, 0.8):
            agent.wishing.wishes = [
                Allocation(task.task_id, AllocationType.CPU_QUOTA, part / online()) for task in tasks
            ]
            for _ in range(3):  # a write that is refused waits a step
                agent.step()
            found.append([quota(one, scene) for one in (outer, inner)])

    assert found == [["90000", "90000"], ["40000", "40000"], ["80000", "80000"]]
    assert scene.state(outer, inner) == before


def set_quota(cgroup: Cgroup, scene: Scene, amount: int) -> None:
    cgroup.file("cpu.cfs_quota_us" if scene.version == 1 else "cpu.max").write_text(str(amount))
