"""What machines and tasks may be like: the table of edge cases in the documents, row by row."""

from __future__ import annotations

from dataclasses import replace

import pytest
from wca_numa.allocator import NUMAAllocator

from plugins.wca_numa.tests.given import CPUS, FREE, GB, USED, Given, Machine, all_of, call
from wca_core.host import Host
from wca_core.testing import Machine as Files

TASK = Given("t", 10 * GB, {0: 100, 1: 900})
FAR = 2
WITH_FAR_MEMORY = Machine(
    cpus={**CPUS, FAR: frozenset()},
    free={**FREE, FAR: 500 * GB},
    used={**USED, FAR: 0},
    with_memory=frozenset({0, 1, 2}),
)
CPU_ONLY = Machine(cpus={**CPUS, 2: frozenset({24, 25})}, with_memory=frozenset({0, 1}))


def test_without_tasks_there_is_only_the_state() -> None:
    output = call(NUMAAllocator(), Machine().snapshot())

    assert output.wishes == {}
    assert output.value("numa__task_tasks_count") == 0
    assert output.value("numa__total_pages_to_move") == 0
    assert output.value("numa__balanced_memory_tasks", numa_node="0") == 0


def test_on_one_node_a_task_with_other_cpus_is_pinned_to_it() -> None:
    machine = Machine(cpus={0: CPUS[0]}, free={0: 70 * GB}, used={0: 58 * GB})

    output = call(NUMAAllocator(), machine.snapshot(replace(TASK, cpus=frozenset({0, 1}))))

    assert output.wishes == {"t": {"cpuset_cpus": all_of(0), "migrate_pages": 0}}


def test_on_one_node_a_task_with_all_cpus_counts_as_pinned() -> None:
    machine = Machine(cpus={0: CPUS[0]}, free={0: 70 * GB}, used={0: 58 * GB})

    output = call(NUMAAllocator(), machine.snapshot(replace(TASK, cpus=CPUS[0], pages={0: 1000})))

    assert output.wishes == {}
    assert output.value("numa__task_current_node", "t") == 0


def test_some_cpus_of_a_node_are_widened_to_all_of_them() -> None:
    output = call(NUMAAllocator(), Machine().snapshot(replace(TASK, cpus=frozenset({1, 2}))))

    assert output.wishes["t"]["cpuset_cpus"] == all_of(0)


def test_some_cpus_of_a_node_are_a_pin_if_that_is_said() -> None:
    allocator = NUMAAllocator(keep_subset_pinning=True, migrate_pages_min_task_balance=None)

    output = call(allocator, Machine().snapshot(replace(TASK, cpus=frozenset({13, 14}))))

    assert output.wishes == {}
    assert output.value("numa__task_current_node", "t") == 1


def test_a_cpuset_that_is_not_set_is_no_pin() -> None:
    output = call(NUMAAllocator(keep_subset_pinning=True), Machine().snapshot(replace(TASK, cpus=frozenset())))

    assert output.value("numa__task_current_node", "t") == -1
    assert output.wishes["t"]["cpuset_cpus"] == all_of(0)


def test_memory_without_cpus_is_never_chosen_and_counts_as_elsewhere() -> None:
    task = replace(TASK, cpus=CPUS[1], pages={1: 500, FAR: 500})

    output = call(NUMAAllocator(), WITH_FAR_MEMORY.snapshot(task, Given("u", 1 * GB, {FAR: 7})))

    assert output.wishes == {"u": {"cpuset_cpus": all_of(0), "migrate_pages": 0}, "t": {"migrate_pages": 1}}
    assert output.value("numa__task_pages_to_move", "t") == 500
    assert output.value("numa__balanced_memory_tasks", numa_node="2") is None


def test_pages_stay_on_nodes_that_they_may_not_be_taken_from() -> None:
    task = replace(TASK, cpus=CPUS[1], pages={1: 500, FAR: 500})

    output = call(NUMAAllocator(migrate_from_nodes=[0, 1]), WITH_FAR_MEMORY.snapshot(task))

    assert output.wishes == {}
    assert output.value("numa__task_pages_to_move", "t") == 0


@pytest.mark.parametrize(("migrates", "binds"), [(True, False), (False, True)])
def test_cpus_without_memory_are_no_candidate_if_pages_are_to_be_there(migrates: bool, binds: bool) -> None:
    allocator = NUMAAllocator(candidate_nodes=[2], migrate_pages=migrates, cgroups_memory_binding=binds)

    output = call(allocator, CPU_ONLY.snapshot(TASK))

    assert output.wishes == {}
    assert output.value("numa__pin_rejected", reason="no_node") == 1


def test_cpus_without_memory_are_chosen_only_by_name() -> None:
    unnamed = call(NUMAAllocator(migrate_pages=False), CPU_ONLY.snapshot(TASK))
    named = call(NUMAAllocator(migrate_pages=False, candidate_nodes=[2]), CPU_ONLY.snapshot(TASK))

    assert unnamed.wishes == {"t": {"cpuset_cpus": all_of(0)}}
    assert named.wishes == {"t": {"cpuset_cpus": "24,25"}}


def test_only_candidate_nodes_are_chosen() -> None:
    output = call(NUMAAllocator(candidate_nodes=[1]), Machine().snapshot(TASK))

    assert output.wishes["t"] == {"cpuset_cpus": all_of(1), "migrate_pages": 1}


def test_numbers_of_nodes_may_have_gaps() -> None:
    machine = Machine(cpus={3: CPUS[0], 8: CPUS[1]}, free={3: 70 * GB, 8: 90 * GB}, used={3: 58 * GB, 8: 38 * GB})

    output = call(NUMAAllocator(algorithm="minimize_migration"), machine.snapshot(replace(TASK, pages={3: 1, 8: 999})))

    assert output.wishes == {"t": {"cpuset_cpus": all_of(1), "migrate_pages": 8}}
    assert output.value("numa__balanced_memory_tasks", numa_node="8") == 0


def test_a_task_whose_cpus_are_not_known_is_left_alone() -> None:
    output = call(NUMAAllocator(), Machine().snapshot(replace(TASK, cpus=None), Given("u", 1 * GB)))

    assert set(output.wishes) == {"u"}
    assert output.value("numa__task_current_node", "t") == -1


def test_without_pages_biggest_first_works_and_it_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    allocator = NUMAAllocator()

    for _ in range(2):
        output = call(allocator, Machine().snapshot(replace(TASK, pages={})))

    assert output.wishes == {"t": {"cpuset_cpus": all_of(0), "migrate_pages": 0}}
    assert [record.message for record in caplog.records if "task_mem_numa_pages is missing" in record.message] != []
    assert len(caplog.records) == 1


def test_without_pages_minimize_migration_takes_all_nodes_for_used() -> None:
    machine = Machine(free={0: 14 * GB, 1: 90 * GB})
    pinned = Given("p", 60 * GB, {0: 1}, CPUS[0])

    output = call(NUMAAllocator(algorithm="minimize_migration"), machine.snapshot(pinned, replace(TASK, pages={})))

    assert output.wishes["t"]["cpuset_cpus"] == all_of(1)


def test_without_pages_all_of_the_memory_has_to_fit() -> None:
    machine = Machine(free={0: 10 * GB, 1: 5 * GB})

    output = call(NUMAAllocator(free_space_check=True), machine.snapshot(replace(TASK, pages={})))

    assert output.wishes == {}
    assert output.value("numa__pin_rejected", reason="free_space") == 1


def test_with_swap_pages_are_not_moved_and_that_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    allocator = NUMAAllocator()
    unbalanced = Given("y", 2 * GB, {0: 300_000, 1: 700_000}, CPUS[1])

    for _ in range(2):
        output = call(allocator, Machine(swap=4096).snapshot(TASK, unbalanced))

    assert output.wishes == {"t": {"cpuset_cpus": all_of(0)}}
    assert output.value("numa__total_pages_to_move") == 0
    assert [record.message for record in caplog.records if "swap" in record.message] == [
        "pages are not moved while there is swap: swapoff -a, or allow_swap: true"
    ]


def test_with_swap_pages_are_moved_if_that_is_allowed() -> None:
    output = call(NUMAAllocator(allow_swap=True), Machine(swap=4096).snapshot(TASK))

    assert output.wishes["t"]["migrate_pages"] == 0


def started(allocator: NUMAAllocator, host: Host) -> NUMAAllocator:
    allocator.start(host)
    return allocator


def test_on_v2_binding_the_memory_moves_it_so_pages_are_not_moved_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    v1 = Files(tmp_path_factory.mktemp("v1")).cgroup_v1("/t", {"cpuset": {}})
    v2 = Files(tmp_path_factory.mktemp("v2")).cgroup_v2("/t", {})
    first, second = (NUMAAllocator(cgroups_memory_binding=True, cgroups_memory_migrate=True) for _ in range(2))

    on_v1 = call(started(first, v1.host()), Machine().snapshot(TASK))
    on_v2 = call(started(second, v2.host()), Machine().snapshot(TASK))

    bound = {"cpuset_cpus": all_of(0), "cpuset_mems": "0", "cpuset_memory_migrate": 1}
    assert on_v1.wishes == {"t": {**bound, "migrate_pages": 0}}
    assert on_v2.wishes == {"t": bound}
    assert (on_v1.value("numa__total_pages_to_move"), on_v2.value("numa__total_pages_to_move")) == (900, 0)


def test_only_selected_tasks_are_pinned_and_moved_but_all_count() -> None:
    web = replace(TASK, name="web", labels={"app": "web-1", "tier": "front"})
    half = replace(TASK, name="half", labels={"app": "web-2"})
    pinned = Given("pinned", 30 * GB, {0: 500, 1: 500}, CPUS[1])
    allocator = NUMAAllocator(task_selector={"app": "web", "tier": "f"})

    output = call(allocator, Machine().snapshot(pinned, half, web))

    assert output.wishes == {"web": {"cpuset_cpus": all_of(0), "migrate_pages": 0}}
    assert output.value("numa__balanced_memory_size", numa_node="1") == 30e9


def test_after_a_restart_pins_are_recognised_and_counts_begin_again() -> None:
    first = call(NUMAAllocator(), Machine().snapshot(TASK))

    after = call(NUMAAllocator(), Machine().snapshot(replace(TASK, cpus=CPUS[0], pages={0: 1000})))

    assert first.value("numa__total_pages_to_move") == 900
    assert after.wishes == {}
    assert after.value("numa__total_pages_to_move") == 0


def test_pages_of_a_task_that_is_gone_are_not_counted_any_more() -> None:
    allocator = NUMAAllocator()
    call(allocator, Machine().snapshot(TASK))

    gone = call(allocator, Machine().snapshot())
    back = call(allocator, Machine().snapshot(replace(TASK, cpus=CPUS[0], pages={0: 1000})))

    assert gone.value("numa__total_pages_to_move") == 0
    assert back.value("numa__task_pages_to_move", "t") == 0


def test_a_dry_run_tells_the_state_and_nothing_else() -> None:
    output = call(NUMAAllocator(dryrun=True), Machine().snapshot(TASK))

    assert output.wishes == {}
    assert {sample.name for sample in output.samples} == {
        "numa__balanced_memory_tasks",
        "numa__balanced_memory_size",
        "numa__task_tasks_count",
    }


def test_pages_are_never_moved_again_if_no_share_is_given() -> None:
    unbalanced = Given("y", 2 * GB, {0: 300_000, 1: 700_000}, CPUS[1])

    output = call(NUMAAllocator(migrate_pages_min_task_balance=None), Machine().snapshot(unbalanced))

    assert output.wishes == {}


def test_a_machine_that_does_not_tell_its_nodes_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    snapshot = Machine(free={}, used={}).snapshot(TASK)
    snapshot.platform = None

    output = call(NUMAAllocator(), snapshot)

    assert output.wishes == {}
    assert "platform_mem_numa_free_bytes is missing" in caplog.text


@pytest.mark.parametrize(("mode", "told"), [("0", 0), ("1", 1), ("2", 0), ("3", 1)])
def test_it_is_told_whether_the_kernel_balances_by_itself(
    tmp_path_factory: pytest.TempPathFactory, mode: str, told: int
) -> None:
    files = Files(tmp_path_factory.mktemp("machine")).file("/proc/sys/kernel/numa_balancing", f"{mode}\n")

    output = call(started(NUMAAllocator(), files.host()), Machine().snapshot())

    assert output.value("numa__auto_balancing") == told


def test_a_kernel_that_cannot_balance_is_not_told() -> None:
    assert call(NUMAAllocator(), Machine().snapshot()).value("numa__auto_balancing") is None


def test_moving_bound_memory_without_binding_it_is_told_to_have_no_effect(
    tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    started(NUMAAllocator(cgroups_memory_migrate=True), Files(tmp_path_factory.mktemp("machine")).host())

    assert "cgroups_memory_migrate has no effect without cgroups_memory_binding" in caplog.text


def test_a_candidate_that_is_not_here_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    allocator = NUMAAllocator(candidate_nodes=[1, 7])

    for _ in range(2):
        call(allocator, Machine().snapshot(TASK))

    assert caplog.text.count("candidate_nodes: node 7 is not here") == 1
