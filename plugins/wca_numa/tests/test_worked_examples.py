"""The worked examples of the documents, figure by figure."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from wca_numa.allocator import NUMAAllocator
from wca_numa.balance import Balance, Nodes
from wca_numa.choose import Reason, minimize_migration
from wca_numa.residency import Resident

from plugins.wca_numa.tests.given import CPUS, FREE, GB, Given, Machine, all_of, call
from wca_core.testing import make_task

DB = Given("db", 48 * GB, {0: 9_000_000, 1: 1_000_000})
WEB = Given("web", 10 * GB, {0: 1_000_000, 1: 1_000_000})
JOB = Given("job", 22 * GB, {0: 0, 1: 4_000_000})
SETTLED_DB = replace(DB, cpus=CPUS[0], pages={0: 9_990_000, 1: 10_000})
SETTLED_JOB = replace(JOB, cpus=CPUS[1])


def test_a_biggest_task_is_pinned_first_and_the_others_one_by_one_to_the_emptier_node() -> None:
    allocator = NUMAAllocator()
    on_node_1 = replace(WEB, cpus=CPUS[1], pages={0: 1_500_000, 1: 500_000})

    first = call(allocator, Machine().snapshot(DB, WEB, JOB))
    second = call(allocator, Machine().snapshot(SETTLED_DB, WEB, JOB))
    third = call(allocator, Machine().snapshot(SETTLED_DB, WEB, SETTLED_JOB))
    fourth = call(allocator, Machine().snapshot(SETTLED_DB, on_node_1, SETTLED_JOB))

    assert first.wishes == {"db": {"cpuset_cpus": all_of(0), "migrate_pages": 0}}
    assert second.wishes == {"job": {"cpuset_cpus": all_of(1), "migrate_pages": 1}}
    assert third.wishes == {"web": {"cpuset_cpus": all_of(1), "migrate_pages": 1}}
    assert fourth.wishes == {"web": {"migrate_pages": 1}}
    totals = [one.value("numa__total_pages_to_move") for one in (first, second, third, fourth)]
    assert totals == [1_000_000, 1_000_000, 2_000_000, 3_500_000]
    assert [one.value("numa__balanced_memory_size", numa_node="0") for one in (first, second, third)] == [0, 48e9, 48e9]
    assert [one.value("numa__balanced_memory_size", numa_node="1") for one in (first, second, third)] == [0, 0, 22e9]
    assert [one.value("numa__balanced_memory_tasks", numa_node="1") for one in (third, fourth)] == [1, 2]
    assert [one.value("numa__task_current_node", "web") for one in (third, fourth)] == [-1, 1]
    assert fourth.value("numa__task_pages_to_move", "web") == 2_500_000
    assert fourth.value("numa__pin_decisions") == 3


@pytest.mark.parametrize(
    ("shares", "pinned", "free", "memory", "node"),
    [
        ((0.08, 0.92), (30, 26), (70, 90), 12, 1),
        ((0.92, 0.08), (60, 6), (70, 20), 12, 0),
        ((0.92, 0.08), (60, 6), (14, 90), 12, 1),
        ((0.5, 0.5), (0, 0), (14, 90), 12, 0),
        ((0.92, 0.08), (60, 6), (14, 90), 100, Reason.NO_NODE),
    ],
    ids=["pages and pinned", "pages and free", "pinned and free", "the lowest of both", "none"],
)
def test_b_two_of_three_say_where_a_task_belongs(
    shares: tuple[float, float],
    pinned: tuple[float, float],
    free: tuple[float, float],
    memory: float,
    node: int | Reason,
) -> None:
    task = Resident(make_task(), memory * GB, dict(enumerate(round(10_000 * share) for share in shares)))
    others = [Resident(make_task(f"/{at}"), size * GB, {}, node=at) for at, size in enumerate(pinned)]
    nodes = Nodes(cpus=CPUS, free={at: size * GB for at, size in enumerate(free)})

    assert minimize_migration(task, Balance.of(nodes, others), 0.0) == node


def test_b_scores_are_those_of_the_documents() -> None:
    """So that the cases above are decided for the reason given, not by chance."""
    pages = {share: round(math.log(1 + 1000 * share)) for share in (0.08, 0.92, 0.5)}
    used = {size: round(math.log10((size + 12) * GB), 1) for size in (30, 26, 60, 6, 0)}
    free = {size: round(math.log10((size - 12) * GB), 1) for size in (70, 90, 20, 14)}

    assert pages == {0.08: 4, 0.92: 7, 0.5: 6}
    assert used == {30: 10.6, 26: 10.6, 60: 10.9, 6: 10.3, 0: 10.1}
    assert free == {70: 10.8, 90: 10.9, 20: 9.9, 14: 9.3}


def test_c_minimize_migration_pins_where_the_pages_are_and_the_others_wait() -> None:
    db = replace(DB, pages={0: 1_000_000, 1: 9_000_000})
    web = replace(WEB, pages={0: 1_500_000, 1: 500_000})

    output = call(NUMAAllocator(algorithm="minimize_migration"), Machine().snapshot(db, web))

    assert output.wishes == {"db": {"cpuset_cpus": all_of(1), "migrate_pages": 1}}
    assert output.value("numa__total_pages_to_move") == 1_000_000
    assert output.value("numa__task_pages_to_move", "web") == 0


A = Given("a", 20 * GB, {0: 3_000_000, 1: 1_000_000})


def test_d_free_space_counts_what_is_on_the_node_already() -> None:
    machine = Machine(free={0: 8 * GB, 1: 5 * GB})

    output = call(NUMAAllocator(free_space_check=True, page_size=4096), machine.snapshot(A))

    assert output.wishes == {"a": {"cpuset_cpus": all_of(0), "migrate_pages": 0}}


def test_d_without_the_space_the_next_task_is_considered() -> None:
    machine = Machine(free={0: 7.5 * GB, 1: 5 * GB})
    small = Given("b", 1 * GB, {0: 1000})

    output = call(NUMAAllocator(free_space_check=True, page_size=4096), machine.snapshot(A, small))

    assert output.wishes == {"b": {"cpuset_cpus": all_of(0), "migrate_pages": 0}}
    assert output.value("numa__pin_rejected", reason="free_space") == 1


def test_e_memory_is_bound_instead_of_moved() -> None:
    allocator = NUMAAllocator(cgroups_memory_binding=True, migrate_pages=False)

    output = call(allocator, Machine().snapshot(A))

    assert output.wishes == {"a": {"cpuset_cpus": all_of(0), "cpuset_mems": "0"}}
    assert output.value("numa__task_pages_to_move", "a") == 0


def test_f_memory_is_the_first_size_that_the_machine_could_have_and_a_ghost_is_left_alone() -> None:
    unlimited = 9223372036854771712
    sizes = {"limit": unlimited, "soft_limit": unlimited, "max_usage": 7e9, "usage": 6e9}
    given = Given("x", None, {0: 1}, CPUS[0], sizes)
    ghost = Given("ghost", None, {0: 1})

    output = call(NUMAAllocator(), Machine().snapshot(given, ghost))

    assert output.wishes == {}
    assert output.value("numa__balanced_memory_size", numa_node="0") == 7e9
    assert output.value("numa__task_current_node", "ghost") == -1
    assert output.value("numa__task_tasks_count") == 2


def test_g_only_tasks_on_the_emptiest_node_are_migrated_again() -> None:
    x = Given("x", 3 * GB, {0: 700_000, 1: 300_000}, CPUS[0])
    y = Given("y", 2 * GB, {0: 300_000, 1: 700_000}, CPUS[1])
    z = Given("z", 1 * GB, {0: 30_000, 1: 970_000}, CPUS[1])

    output = call(NUMAAllocator(), Machine().snapshot(x, y, z))

    assert output.wishes == {"y": {"migrate_pages": 1}}
    assert output.value("numa__total_pages_to_move") == 300_000


def test_h_a_task_whose_pages_are_nowhere_together_is_passed_over() -> None:
    x = Given("x", 20 * GB, {0: 700_000, 1: 300_000})
    y = Given("y", 10 * GB, {0: 900_000, 1: 100_000})
    allocator = NUMAAllocator(algorithm="minimize_migration", loop_min_task_balance=0.8)

    output = call(allocator, Machine().snapshot(x, y))

    assert output.wishes == {"y": {"cpuset_cpus": all_of(0), "migrate_pages": 0}}
    assert output.value("numa__pin_rejected", reason="balance") == 1


def test_what_the_nodes_have_is_told_as_it_was_before_the_decision() -> None:
    output = call(NUMAAllocator(), Machine().snapshot(DB))

    assert output.wishes["db"]["cpuset_cpus"] == all_of(0)
    assert output.value("numa__balanced_memory_tasks", numa_node="0") == 0


def test_free_memory_of_the_common_machine_makes_node_1_the_emptiest() -> None:
    assert Nodes(CPUS, FREE).least_used == 1
