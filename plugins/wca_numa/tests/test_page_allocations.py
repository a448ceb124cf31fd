"""The allocation type `migrate_pages`, as the agent meets it: checked, planned last, made in a step, gone on with."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from wca_numa.allocator import NUMAAllocator
from wca_numa.migration import Migration, Way
from wca_numa.page_write import PageWrite

from plugins.wca_numa.tests import given
from tests import platforms
from wca_core.agent import Agent
from wca_core.model.allocation import Allocation, AllocationType, Refusal
from wca_core.model.write import Change
from wca_core.plugin_api import hookimpl, plugin
from wca_core.settings import AllocationSettings
from wca_core.testing import Machine, check_plugin, make_task, running

TASK = make_task("/t")


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Wishing:
    """Wishes what it is told, once."""

    wishes: list[Allocation] = field(default_factory=list)

    @hookimpl
    def allocate(self) -> list[Allocation]:
        wishes, self.wishes = self.wishes, []
        return wishes


def to(node: object, task: str = "/t") -> Allocation:
    return Allocation(task, AllocationType.MIGRATE_PAGES, node)


def machine_of(folder: Path, swap: int = 0) -> Machine:
    """Two nodes with CPUs and memory, one with memory only, one with CPUs only; a task of three processes."""
    machine = Machine(folder).cpus({0: {0: [0], 1: [1]}, 1: {0: [2], 1: [3]}})
    platforms.nodes(machine, {0: "0", 1: "1", 2: "", 4: "2-3"}, [[10] * 4] * 4)
    machine.file("/sys/devices/system/node/has_memory", "0-2\n")
    machine.file("/proc/meminfo", f"MemTotal: 1000 kB\nSwapTotal: {swap} kB\n")
    return machine.cgroup_v2("/t", {"cgroup.procs": "10\n11\n12\n"})


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return machine_of(tmp_path)


def answer(machine: Machine, node: object, allocator: NUMAAllocator | None = None) -> Allocation | Refusal:
    (one,) = (allocator or NUMAAllocator()).check_allocations([Change(TASK, to(node), None)], machine.host())
    return one


@pytest.mark.parametrize("node", [0, 1, 2])
def test_pages_may_go_wherever_there_is_memory(machine: Machine, node: int) -> None:
    assert answer(machine, node) == to(node)


@pytest.mark.parametrize(("node", "found"), [(4, "4, which has no memory"), (3, "3"), (99, "99")])
def test_a_node_without_memory_is_refused(machine: Machine, node: int, found: str) -> None:
    refusal = answer(machine, node)

    assert isinstance(refusal, Refusal)
    assert refusal.reason == f"a NUMA node with memory expected (0,1,2), found {found}"
    assert not refusal.is_unsupported


def test_with_swap_pages_are_moved_only_if_that_is_allowed(tmp_path: Path) -> None:
    machine = machine_of(tmp_path, swap=1000)

    refusal, allowed = answer(machine, 1), answer(machine, 1, NUMAAllocator(allow_swap=True))

    assert isinstance(refusal, Refusal)
    assert "swapoff -a, or allow_swap: true" in refusal.reason
    assert allowed == to(1)


def test_on_one_node_nothing_is_moved(tmp_path: Path) -> None:
    machine = Machine(tmp_path).cpus({0: {0: [0]}}).file("/proc/meminfo", "SwapTotal: 0 kB\n")
    moves = Moves(machine.cgroup_v2("/t", {"cgroup.procs": "10\n"}))

    with agent_of(machine, moves, Wishing(wishes=[to(0)])) as agent:
        step = agent.step()

    assert moves.calls == []
    assert [one.value for one in step.allocations if one.name == "allocation_migrate_pages"] == [0]


def test_what_is_wished_again_is_a_change_again(machine: Machine) -> None:
    """Never equal to what is in force: pages may have come elsewhere since."""
    change = Change(TASK, to(1), in_force=to(1))

    (accepted,) = NUMAAllocator().check_allocations([change], machine.host())

    assert accepted is not change.in_force


def test_other_types_are_left_to_others(machine: Machine) -> None:
    change = Change(TASK, Allocation("/t", AllocationType.CPUSET_CPUS, "0"), None)

    assert list(NUMAAllocator().check_allocations([change], machine.host())) == []
    assert list(NUMAAllocator().plan_writes([change], machine.host())) == []


@pytest.mark.parametrize(
    ("fields", "sources"), [({}, {0, 2}), ({"migrate_from_nodes": [0, 1]}, {0})], ids=["from all", "from some"]
)
def test_pages_are_planned_to_come_from_all_other_nodes_with_memory_or_from_those_permitted(
    machine: Machine, fields: dict[str, list[int]], sources: set[int]
) -> None:
    (write,) = NUMAAllocator(**fields).plan_writes([Change(TASK, to(1), None)], machine.host())  # type: ignore[arg-type]

    assert write.way == Way(frozenset(sources), 1, 4)
    assert (write.reversible, write.gives, write.kind) == (False, False, "")
    assert write.place == "pages of /t"


def test_a_write_of_pages_has_no_way_back(machine: Machine) -> None:
    (write,) = NUMAAllocator().plan_writes([Change(TASK, to(1), None)], machine.host())

    assert PageWrite.from_record(write.record()) is None
    with pytest.raises(OSError, match="it is not known where the pages were"):
        write.undo(write.read())


@dataclass
class Moves:
    """A kernel that takes three seconds for a process."""

    machine: Machine
    calls: list[tuple[int, int]] = field(default_factory=list)

    def move(self, process: int, sources: Collection[int], target: int, highest: int) -> int:
        self.machine.clock.advance(3)
        self.calls.append((process, target))
        return 1

    def taken(self) -> list[tuple[int, int]]:
        calls, self.calls = self.calls, []
        return calls


@contextmanager
def agent_of(
    machine: Machine, moves: Moves, *others: object, settings: AllocationSettings | None = None, **fields: object
) -> Iterator[Agent]:
    allocator = NUMAAllocator(**fields)  # type: ignore[arg-type]
    allocator.__dict__["_migration"] = Migration(allocator.migrate_pages_budget, moves.move)
    with running(machine, [*others, allocator], [TASK], allocation=settings) as agent:
        yield agent


def test_a_wish_of_another_allocator_is_carried_out_and_goes_on_until_all_is_moved(machine: Machine) -> None:
    moves = Moves(machine)

    with agent_of(machine, moves, Wishing(wishes=[to(1)]), dryrun=True) as agent:
        steps = [(agent.step(), moves.taken()) for _ in range(3)]

    assert [taken for _, taken in steps] == [[(10, 1), (11, 1)], [(12, 1)], []]
    told = [[one.value for one in step.allocations if one.name == "allocation_migrate_pages"] for step, _ in steps]
    assert told == [[1], [1], []]


def test_what_moving_came_to_is_told_in_the_next_step(machine: Machine) -> None:
    with agent_of(machine, Moves(machine), Wishing(wishes=[to(1)])) as agent:
        steps = [agent.step() for _ in range(3)]

    values = [
        {one.name: one.value for one in step.findings if one.name.startswith("wca_migrate_pages_")} for step in steps
    ]
    assert values == [
        {"wca_migrate_pages_failed": 0, "wca_migrate_pages_left": 0},
        {"wca_migrate_pages_failed": 2, "wca_migrate_pages_left": 1},
        {"wca_migrate_pages_failed": 3, "wca_migrate_pages_left": 0},
    ]


def test_a_dry_run_of_the_agent_moves_nothing_and_leaves_nothing(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    moves = Moves(machine)
    wishing = Wishing(wishes=[to(1)])

    with agent_of(machine, moves, wishing, settings=AllocationSettings(dry_run=True)) as agent:
        agent.step()
        agent.step()

    assert moves.calls == []
    assert "migrate_pages of /t is not written" in caplog.text


@pytest.mark.parametrize(("with_memory", "goes_on"), [({0, 1}, True), ({0}, False)])
def test_what_is_left_is_not_wished_while_its_node_has_no_memory(
    machine: Machine, with_memory: set[int], goes_on: bool
) -> None:
    """Else the wish would be refused, and perhaps all others with it."""
    allocator = NUMAAllocator(dryrun=True)
    allocator.__dict__["_migration"] = Migration(5, Moves(machine).move)
    task = given.Given("t")
    (write,) = allocator.plan_writes([Change(task.task, to(1, "t"), None)], machine.host())
    write.do()

    output = given.call(allocator, given.Machine(with_memory=frozenset(with_memory)).snapshot(task))

    assert output.wishes == ({"t": {"migrate_pages": 1}} if goes_on else {})


def test_a_task_that_is_gone_is_not_wished_for_any_more(machine: Machine) -> None:
    moves = Moves(machine)

    with agent_of(machine, moves, Wishing(wishes=[to(1)])) as agent:
        agent.step()
        agent._dispatcher.bindings[0].plugin.tasks = []  # type: ignore[attr-defined]
        moves.taken()
        agent.step()

    assert moves.calls == []
    assert agent.host.statistics.plugin("numa").errors == {}


def test_the_plugin_keeps_the_contract() -> None:
    names = {metric.name for metric in check_plugin(NUMAAllocator())}

    assert {"numa__task_current_node", "wca_migrate_pages_failed"} <= names
