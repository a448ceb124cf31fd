"""Laws of the decisions that hold on any machine, for any tasks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wca_numa.allocator import NUMAAllocator
from wca_numa.balance import Balance, Nodes
from wca_numa.choose import Algorithm, choose, has_room
from wca_numa.remigrate import to_remigrate
from wca_numa.residency import NOWHERE, Resident, in_order, memory_of, node_of

from plugins.wca_numa.tests.given import Given, Machine, call
from wca_core.enforcement.ids import ids_of
from wca_core.testing import make_task

IDS = st.sets(st.integers(0, 5), min_size=1, max_size=4).map(sorted)
SIZES = st.one_of(st.just(0), st.integers(1, 10**13), st.floats(0.001, 1e13))
ALGORITHMS: Sequence[Algorithm] = ("fill_biggest_first", "minimize_migration")
ANYTHING = st.one_of(st.floats(), st.integers(), st.text(max_size=3), st.booleans())


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """Nodes of four CPUs or none, with memory or without."""
    ids = draw(IDS)
    cpus = {node: frozenset(range(4 * node, 4 * node + 4)) if draw(st.booleans()) else frozenset() for node in ids}
    with_memory = frozenset(node for node in ids if draw(st.booleans()))
    free = {node: draw(SIZES) for node in with_memory}
    return Machine(cpus=cpus, free=free, used={node: draw(SIZES) for node in with_memory}, with_memory=with_memory)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Machine, list[Given]]:
    machine = draw(machines())
    ids = list(machine.cpus)
    cpusets = st.one_of(
        st.none(), st.sampled_from([machine.cpus[node] for node in ids]), st.frozensets(st.integers(0, 23), max_size=5)
    )
    tasks = [
        Given(
            f"t{number}",
            draw(st.one_of(st.none(), SIZES)),
            {node: draw(st.integers(0, 10**9)) for node in ids if draw(st.booleans())},
            draw(cpusets),
        )
        for number in range(draw(st.integers(0, 4)))
    ]
    return machine, tasks


@given(scenes(), st.sampled_from(ALGORITHMS), st.booleans(), st.booleans(), st.floats(0, 1))
def test_at_most_one_task_is_pinned_wholly_to_one_node_with_cpus_and_memory(
    scene: tuple[Machine, list[Given]], algorithm: Algorithm, binds: bool, checks: bool, share: float
) -> None:
    machine, tasks = scene
    allocator = NUMAAllocator(
        algorithm=algorithm, cgroups_memory_binding=binds, free_space_check=checks, loop_min_task_balance=share
    )

    wishes = call(allocator, machine.snapshot(*tasks)).wishes

    pinned = {name: wish for name, wish in wishes.items() if "cpuset_cpus" in wish}
    assert len(pinned) <= 1
    for name, wish in pinned.items():
        (node,) = [node for node, cpus in machine.cpus.items() if cpus == ids_of(wish["cpuset_cpus"])]
        assert machine.with_memory is not None
        assert node in machine.with_memory
        assert wish["migrate_pages"] == node
        assert ("cpuset_mems" in wish) == binds
        assert next(task for task in tasks if task.name == name).cpus != machine.cpus[node]
    for name, wish in wishes.items():
        if name not in pinned:
            assert machine.cpus[wish["migrate_pages"]] == next(one for one in tasks if one.name == name).cpus  # type: ignore[index]


@given(scenes(), st.sampled_from(ALGORITHMS))
def test_wishes_that_come_true_come_to_an_end(scene: tuple[Machine, list[Given]], algorithm: Algorithm) -> None:
    """Each step pins one task more, until all are pinned that can be; nobody is pinned twice."""
    machine, tasks = scene
    allocator = NUMAAllocator(algorithm=algorithm, migrate_pages=False)
    by_name = {task.name: task for task in tasks}

    pinned: list[str] = []
    for _ in range(len(tasks) + 1):
        for name, wish in call(allocator, machine.snapshot(*by_name.values())).wishes.items():
            old = by_name[name]
            by_name[name] = Given(name, old.memory, old.pages, ids_of(wish["cpuset_cpus"]))
            pinned.append(name)

    assert len(pinned) == len(set(pinned))
    assert call(allocator, machine.snapshot(*by_name.values())).wishes == {}


def residents_on(nodes: Sequence[int]) -> st.SearchStrategy[Resident]:
    return st.builds(
        Resident,
        task=st.just(make_task()),
        memory=SIZES.filter(bool),
        pages=st.dictionaries(st.sampled_from(nodes), st.integers(0, 10**9)),
        node=st.sampled_from([NOWHERE, *nodes]),
    )


@given(st.data(), IDS)
def test_biggest_first_takes_the_node_with_least_pinned_memory_to_four_digits(
    data: st.DataObject, ids: list[int]
) -> None:
    residents = data.draw(st.lists(residents_on(ids), max_size=5))
    task = data.draw(residents_on(ids))
    balance = Balance.of(Nodes({node: frozenset({node}) for node in ids}, {}), residents)

    node = choose("fill_biggest_first", task, balance)

    assert isinstance(node, int)
    least = min(balance.memory(one) for one in ids)
    difference = task.memory / (least + task.memory) - task.memory / (balance.memory(node) + task.memory)
    assert difference <= 0.0001 + 1e-9


@given(st.data(), IDS, st.sampled_from(ALGORITHMS))
def test_the_order_in_which_nodes_are_known_does_not_matter(
    data: st.DataObject, ids: list[int], algorithm: Algorithm
) -> None:
    residents = data.draw(st.lists(residents_on(ids), max_size=4))
    task = data.draw(residents_on(ids))
    free = {node: data.draw(SIZES) for node in ids}
    forwards, backwards = (
        Balance.of(Nodes({node: frozenset({node}) for node in order}, {node: free[node] for node in order}), residents)
        for order in (ids, ids[::-1])
    )

    assert choose(algorithm, task, forwards) == choose(algorithm, task, backwards)


@given(st.data(), IDS)
def test_shares_are_parts_of_a_whole(data: st.DataObject, ids: list[int]) -> None:
    task = data.draw(residents_on(ids))

    shares = [task.share(node) for node in ids]

    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) == pytest.approx(1 if sum(task.pages.values()) else 0, abs=0.0002)
    for node in ids:
        assert task.pages_elsewhere(node) + task.pages.get(node, 0) == sum(task.pages.values())
        assert task.pages_elsewhere(node, ()) == 0


@given(st.data(), IDS, st.floats(0, 1))
def test_pages_follow_to_the_emptiest_node_only_and_only_where_something_is_elsewhere(
    data: st.DataObject, ids: list[int], share: float
) -> None:
    residents = data.draw(st.lists(residents_on(ids), max_size=5))
    nodes = Nodes({node: frozenset({node}) for node in ids}, {node: data.draw(SIZES) for node in ids})

    moved = to_remigrate(residents, nodes, share)

    assert {one.node for one in moved} <= {nodes.least_used}
    assert all(one.share(one.node) < share for one in moved)
    assert to_remigrate(residents, nodes, share, sources=()) == []


@given(residents_on([0, 1]), SIZES, st.integers(1, 2**21))
def test_there_is_room_if_all_of_it_would_fit(task: Resident, free: float, page_size: int) -> None:
    if task.memory < free:
        assert has_room(task, 0, {0: free}, page_size)
    if not has_room(task, 0, {0: free}, page_size):
        assert not has_room(task, 0, {}, page_size)


@given(st.dictionaries(st.sampled_from(["mem", "cpus"]), ANYTHING), st.lists(st.one_of(st.none(), st.floats())), SIZES)
def test_memory_is_a_size_whatever_is_told(
    resources: dict[str, float | str], sizes: list[float | None], total: float
) -> None:
    memory = memory_of(resources, sizes, total)

    assert 0 <= memory < float("inf")
    assert memory in (0, resources.get("mem")) or memory <= total


@given(
    st.dictionaries(st.integers(0, 5), st.frozensets(st.integers(0, 9)), max_size=4), st.frozensets(st.integers(0, 9))
)
def test_a_pin_is_all_cpus_of_a_node(node_cpus: dict[int, frozenset[int]], cpus: frozenset[int]) -> None:
    node, kept = node_of(cpus, node_cpus), node_of(cpus, node_cpus, keeps_subsets=True)

    assert node == NOWHERE or (node_cpus[node] == cpus and cpus)
    assert kept == NOWHERE or (node_cpus[kept] >= cpus and cpus)
    assert (kept == NOWHERE) <= (node == NOWHERE)


@given(st.lists(SIZES, max_size=6))
def test_tasks_are_in_the_order_of_their_memory_and_equal_ones_stay_as_they_were(sizes: list[float]) -> None:
    residents = [Resident(make_task(f"/{at}"), size, {}) for at, size in enumerate(sizes)]

    ordered = in_order(residents)

    assert ordered == sorted(residents, key=lambda one: (-one.memory, int(one.task.task_id[1:])))
