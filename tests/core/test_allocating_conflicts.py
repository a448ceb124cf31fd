"""A step that allocates while others meddle: values that drift and cannot be corrected, tasks that end meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.file_control import Wishing, wish
from tests.scenery import QUOTA, Scenery, made_in, quota
from tests.unreliable import no_file_larger_than
from wca_core.builtin.cgroup_control.control import CgroupControl
from wca_core.enforcement.guard_rails import GuardRails
from wca_core.settings import AllocationSettings
from wca_core.testing import Machine, Measured, make_task, running


@pytest.fixture
def scenery(tmp_path: Path) -> Scenery:
    return made_in(tmp_path)


def test_a_drift_that_the_kernel_does_not_let_us_correct_is_counted_once_and_not_given_up(scenery: Scenery) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]
    path = scenery.control.path("/a", QUOTA)
    settings = AllocationSettings(reconcile="each_iteration")

    with running(scenery.machine, [scenery.control, scenery.allocator], scenery.tasks, allocation=settings) as agent:
        scenery.step(agent)
        path.write_text("1.0\n")
        with no_file_larger_than(0):
            for _ in range(20):
                step = scenery.step(agent)
        for _ in range(20):
            last = scenery.step(agent)

    assert step.value("allocations_drift", type="cpu_quota") == 1
    assert (quota(last), scenery.control.get("/a", "cpu_quota")) == (0.5, "0.5")


def test_a_drift_that_waits_for_its_turn_is_counted_once(scenery: Scenery) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 0.5)]
    rails = GuardRails(max_tasks_changed_per_iteration=1, actions={"max_tasks_changed_per_iteration": "refuse"})
    settings = AllocationSettings(reconcile="each_iteration", guard_rails=rails)

    with running(scenery.machine, [scenery.control, scenery.allocator], scenery.tasks, allocation=settings) as agent:
        scenery.step(agent)
        scenery.control.put("/a", cpu_quota=1.0)
        scenery.allocator.wishes.append(wish("/b", "cpu_quota", 0.5))
        for _ in range(20):
            step = scenery.step(agent)

    assert step.value("allocations_drift", type="cpu_quota") == 1


def test_what_was_in_force_when_it_was_wished_is_kept_so_too(scenery: Scenery) -> None:
    scenery.allocator.wishes = [wish("/a", "cpu_quota", 1.0)]
    settings = AllocationSettings(reconcile="each_iteration")

    with running(scenery.machine, [scenery.control, scenery.allocator], scenery.tasks, allocation=settings) as agent:
        scenery.step(agent)
        scenery.allocator.wishes = []
        scenery.control.put("/a", cpu_quota=0.2)
        step = scenery.step(agent)

    assert (quota(step), scenery.control.get("/a", "cpu_quota")) == (1.0, "1.0")
    assert step.value("allocations_drift", type="cpu_quota") == 1


@pytest.mark.parametrize("on_invalid", ["ignore_all", "ignore_task"])
def test_a_task_whose_cgroup_has_ended_costs_nobody_else_and_is_no_invalid_wish(
    tmp_path: Path, on_invalid: str
) -> None:
    files = {"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "1000\n", "cpu.shares": "1024\n"}
    machine = Machine(tmp_path).cgroup_v1("/stays", {"cpu": files, "cpuset": {}, "memory": {}})
    machine.cpus({0: {0: [0, 1]}}).file("/proc/meminfo", "MemTotal: 4194304 kB\n")
    allocator = Wishing([wish(task, kind, 0.5) for task in ("/gone", "/stays") for kind in ("cpu_shares", "cpu_quota")])
    settings = AllocationSettings(on_invalid=on_invalid)  # type: ignore[arg-type]
    tasks = [make_task("/gone"), make_task("/stays")]

    with running(machine, [CgroupControl(), allocator], tasks, allocation=settings) as agent:
        step = Measured(agent.step(), agent.host.statistics)

    assert step.value("allocation_cpu_shares", "/stays") == 0.5
    assert (step.value("allocation_cpu_shares", "/gone"), step.value("allocations_errors")) == (None, 0)
