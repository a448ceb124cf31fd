"""What a snapshot tells of NUMA nodes and of the tasks on them. Reads nothing else."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from wca_core.enforcement.ids import ids_of
from wca_core.errors import ContractError
from wca_core.model.allocation import AllocationType
from wca_core.model.metric import Value
from wca_core.model.platform import Platform
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_numa.balance import Nodes
from wca_numa.residency import NOWHERE, Resident, memory_of, node_of

FREE = "platform_mem_numa_free_bytes"
USED = "platform_mem_numa_used_bytes"
SWAP = "platform_swap_total_bytes"
PAGES = "task_mem_numa_pages"
SIZES = ("task_mem_limit_bytes", "task_mem_soft_limit_bytes", "task_mem_max_usage_bytes", "task_mem_usage_bytes")
"""What a task's memory may be known by, the best first."""

Labels = Mapping[str, re.Pattern[str]]


def candidates(
    platform: Platform, wanted: Collection[int] | None = None, *, needs_memory: bool
) -> dict[int, frozenset[int]]:
    """The nodes that tasks may be pinned to, and their CPUs.

    | node | without `wanted` | in `wanted` |
    |---|---|---|
    | CPUs and memory | yes | yes |
    | CPUs only | no | unless pages are moved or bound (`needs_memory`) |
    | memory only | no | no |
    """
    with_memory = platform.node_has_memory
    return {
        node: cpus
        for node, cpus in sorted(platform.node_cpus.items())
        if cpus and (node in with_memory if wanted is None or needs_memory else True)
        if wanted is None or node in wanted
    }


def nodes_in(snapshot: Snapshot, cpus: Mapping[int, frozenset[int]]) -> Nodes:
    """The nodes; `cpus`: of those that tasks may be pinned to."""
    free, used = _by_node(snapshot.values(FREE)), _by_node(snapshot.values(USED))
    return Nodes(cpus=cpus, free=free, total=sum(free.values()) + sum(used.values()))


def residents_in(snapshot: Snapshot, nodes: Nodes, *, keeps_subsets: bool) -> Iterator[Resident]:
    """The tasks, in their order."""
    for task in snapshot.tasks:
        cpus = cpus_in_force(snapshot, task)
        yield Resident(
            task=task,
            memory=memory_of(task.resources, (snapshot.value(name, task) for name in SIZES), nodes.total),
            pages=_by_node(snapshot.values(PAGES, task)),
            node=NOWHERE if cpus is None else node_of(cpus, nodes.cpus, keeps_subsets=keeps_subsets),
            is_known=cpus is not None,
        )


def cpus_in_force(snapshot: Snapshot, task: Task) -> frozenset[int] | None:
    """None: not known."""
    try:
        return ids_of(snapshot.allocation(AllocationType.CPUSET_CPUS, task))
    except ContractError:
        return None


def has_swap(snapshot: Snapshot) -> bool:
    """Whether there is swap now."""
    size = snapshot.value(SWAP)
    if size is not None:
        return size > 0
    return snapshot.platform is not None and snapshot.platform.swap_enabled


def is_selected(task: Task, labels: Labels) -> bool:
    """Whether the task has all these labels, each matching from its beginning."""
    own = task.all_labels if labels else {}
    return all(name in own and pattern.match(own[name]) for name, pattern in labels.items())


def _by_node(values: Mapping[tuple[str, ...], Value]) -> dict[int, Value]:
    return {int(levels[0]): value for levels, value in values.items() if levels and levels[0].isdecimal()}
