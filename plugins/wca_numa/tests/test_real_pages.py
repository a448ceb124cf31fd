"""Pages really move between the NUMA nodes of a real kernel; the kernel's own count before and after says so.

python -m tests.vm plugins/wca_numa/tests/test_real_pages.py
python -m tests.vm --nodes 4 plugins/wca_numa/tests/test_real_pages.py
"""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from wca_numa.allocator import NUMAAllocator
from wca_numa.migration import Migration, Move
from wca_numa.pages import migrate_pages

from tests.allocation_cgroups import Scene, Wishing, allocation_scene, task_of
from tests.cgroups import Cgroup
from tests.vm.guest import in_guest
from wca_core.agent import Agent
from wca_core.allocation_configuration import AllocationConfiguration
from wca_core.builtin.cgroup.metrics import CgroupMetrics
from wca_core.builtin.cgroup_control.control import CgroupControl
from wca_core.builtin.platform.metrics import PlatformMetrics
from wca_core.host import Host
from wca_core.linux.cpulist import parse_cpulist
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.task import Task
from wca_core.settings import AllocationSettings
from wca_core.testing import running

pytestmark = in_guest

NODES = int(os.environ.get("WCA_VM_NODES", "2"))
LAST = NODES - 1
SIZE = 8_000_000
HOLD = f"pile=$(printf %0{SIZE}d 0); echo held; kill -STOP $$"
"""A shell that holds memory, the text and what it took to make it, and stops there: one process, no child."""


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with allocation_scene(tmp_path) as found:
        yield found


def holder(scene: Scene, name: str, node: int, processes: int = 1) -> Cgroup:
    """A cgroup whose processes hold memory on one node, though they may have it anywhere."""
    cgroup = scene.cgroups.make(name)
    cgroup.file("cpuset.mems").write_text(str(node))
    for _ in range(processes):
        stdout = cgroup.run("sh", "-c", HOLD).stdout
        assert stdout is not None
        assert stdout.readline() == b"held\n"
    cgroup.file("cpuset.mems").write_text(f"0-{LAST}")
    return cgroup


def held(cgroup: Cgroup) -> dict[int, int]:
    """Bytes of anonymous memory on each node, as the kernel counts them."""
    lines = cgroup.file("memory.numa_stat").read_text().splitlines()
    (words,) = [line.split()[1:] for line in lines if line.startswith("anon ")]
    return {int(node[1:]): int(size) for node, _, size in (word.partition("=") for word in words)}


def is_on(cgroup: Cgroup, node: int) -> bool:
    """Nearly all: the kernel counts in batches, and a page may be in use just when it is to move."""
    sizes = held(cgroup)
    return sizes[node] > 0.97 * sum(sizes.values()) and sizes[node] > SIZE


@dataclass
class Told:
    """What a step told, by name and labels."""

    values: Mapping[str, float]

    def __getitem__(self, name: str) -> float:
        return self.values[name]


@contextmanager
def agent(
    tasks: Sequence[Task], allocator: NUMAAllocator, *others: object, move: Move = migrate_pages
) -> Iterator[Agent]:
    """One that puts back at its end what can be put back."""
    allocator.__dict__["_migration"] = Migration(allocator.migrate_pages_budget, move)
    host = Host(allocation_configuration=AllocationConfiguration(cpu_quota_period=100000))
    settings = AllocationSettings(restore_on_exit="managed", restore_state_file="/run/wca-test-journal")
    plugins = [PlatformMetrics(), CgroupMetrics(), CgroupControl(), *others, allocator]
    with running(host, plugins, tasks, allocation=settings) as started:
        yield started


def step(running_agent: Agent) -> Told:
    done = running_agent.step()
    return Told({one.name: one.value for part in (done.findings, done.allocations) for one in part})


def to(task: Task, node: int) -> Allocation:
    return Allocation(task.task_id, AllocationType.MIGRATE_PAGES, node)


def cpus_of(node: int) -> frozenset[int]:
    return parse_cpulist(Path(f"/sys/devices/system/node/node{node}/cpulist").read_text())


def test_pages_move_to_another_node_and_back(scene: Scene) -> None:
    cgroup = holder(scene, "a", 0)
    task = task_of(cgroup)
    wishing = Wishing(wishes=[to(task, LAST)])
    assert is_on(cgroup, 0)

    with agent([task], NUMAAllocator(dryrun=True), wishing) as one:
        told = step(one)
        assert is_on(cgroup, LAST)
        assert told["allocation_migrate_pages"] == LAST
        wishing.wishes = [to(task, 0)]
        step(one)

    assert is_on(cgroup, 0)


def test_pages_of_every_container_of_a_pod_move(scene: Scene) -> None:
    first, second = holder(scene, "pod/a", 0), holder(scene, "pod/b", 0)
    task = task_of(scene.cgroups.make("pod"), first, second)

    with agent([task], NUMAAllocator(dryrun=True), Wishing(wishes=[to(task, LAST)])) as one:
        step(one)

    assert is_on(first, LAST)
    assert is_on(second, LAST)


def test_a_task_is_pinned_its_pages_follow_and_the_next_step_sees_it(scene: Scene) -> None:
    """The lowest node is chosen where all are empty, so its pages have to come from the last."""
    cgroup = holder(scene, "a", LAST)
    task = task_of(cgroup)
    allowed = cgroup.file("cpuset.cpus.effective").read_text()

    with agent([task], NUMAAllocator()) as one:
        first, second = step(one), step(one)
        pinned = parse_cpulist(cgroup.file("cpuset.cpus").read_text())

    assert pinned == cpus_of(0)
    assert is_on(cgroup, 0)
    assert (first["numa__task_current_node"], second["numa__task_current_node"]) == (-1, 0)
    assert first["numa__total_pages_to_move"] * 4096 > SIZE
    assert second["wca_migrate_pages_failed"] == 0
    assert cgroup.file("cpuset.cpus.effective").read_text() == allowed  # put back when the agent ended; pages stay


def test_a_task_stays_where_its_pages_are(scene: Scene) -> None:
    cgroup = holder(scene, "a", LAST)

    with agent([task_of(cgroup)], NUMAAllocator(algorithm="minimize_migration")) as one:
        step(one)
        pinned = parse_cpulist(cgroup.file("cpuset.cpus").read_text())

    assert pinned == cpus_of(LAST)
    assert is_on(cgroup, LAST)


def test_as_many_tasks_as_nodes_have_one_each(scene: Scene) -> None:
    cgroups = [holder(scene, f"t{number}", LAST) for number in range(NODES)]

    with agent([task_of(cgroup) for cgroup in cgroups], NUMAAllocator()) as one:
        for _ in range(NODES):
            step(one)
        pinned = [parse_cpulist(cgroup.file("cpuset.cpus").read_text()) for cgroup in cgroups]

    chosen = [next(node for node in range(NODES) if cpus_of(node) == cpus) for cpus in pinned]
    assert sorted(chosen) == list(range(NODES))
    assert [is_on(cgroup, node) for cgroup, node in zip(cgroups, chosen, strict=True)] == [True] * NODES


def test_binding_the_memory_moves_the_pages_without_a_migration(scene: Scene) -> None:
    cgroup = holder(scene, "a", LAST)
    calls: list[int] = []

    def move(process: int, sources: Collection[int], target: int, highest: int) -> int:
        calls.append(process)
        return migrate_pages(process, sources, target, highest)

    with agent([task_of(cgroup)], NUMAAllocator(cgroups_memory_binding=True), move=move) as one:
        step(one)
        bound = cgroup.file("cpuset.mems").read_text()

    assert (bound, calls) == ("0\n", [])
    assert is_on(cgroup, 0)


def test_without_any_time_one_process_is_moved_in_a_step(scene: Scene) -> None:
    """Wished once: what is left goes on by itself."""
    cgroup = holder(scene, "a", 0, processes=3)
    task = task_of(cgroup)
    wishing = Wishing(wishes=[to(task, LAST)])
    shares, left = [], []

    with agent([task], NUMAAllocator(dryrun=True, migrate_pages_budget=0), wishing) as one:
        for _ in range(4):
            left.append(step(one).values.get("wca_migrate_pages_left"))
            sizes = held(cgroup)
            shares.append(sizes[LAST] / sum(sizes.values()))
            wishing.wishes = []

    assert shares == pytest.approx([1 / 3, 2 / 3, 1, 1], abs=0.1)
    assert left == [None, 1, 1, 0]  # told of the steps before


@pytest.mark.parametrize("is_reaped", [True, False])
def test_a_process_that_dies_just_when_it_is_to_be_moved_costs_nothing_but_itself(
    scene: Scene, caplog: pytest.LogCaptureFixture, is_reaped: bool
) -> None:
    cgroup = holder(scene, "a", 0, processes=3)
    task = task_of(cgroup)
    victim = cgroup.processes[1].pid

    def move(process: int, sources: Collection[int], target: int, highest: int) -> int:
        if process == victim:
            os.kill(victim, signal.SIGKILL)
            if is_reaped:
                cgroup.processes[1].wait()
        return migrate_pages(process, sources, target, highest)

    with agent([task], NUMAAllocator(dryrun=True), Wishing(wishes=[to(task, LAST)]), move=move) as one:
        told = step(one)
        after = step(one)

    assert is_on(cgroup, LAST)
    assert told["allocation_migrate_pages"] == LAST
    assert after["wca_migrate_pages_left"] == 0
    assert [record.message for record in caplog.records if "cannot be moved" in record.message] == []


def test_a_node_that_is_not_there_is_refused_and_nothing_moves(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    cgroup = holder(scene, "a", 0)
    task = task_of(cgroup)

    with agent([task], NUMAAllocator(dryrun=True), Wishing(wishes=[to(task, NODES)])) as one:
        told = step(one)

    assert is_on(cgroup, 0)
    assert told["allocations_errors"] == 1
    assert "a NUMA node with memory expected" in caplog.text
