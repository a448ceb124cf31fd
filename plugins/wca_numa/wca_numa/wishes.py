"""What a decision means as allocations. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wca_core.enforcement.ids import canonical
from wca_core.model.allocation import Allocation, AllocationType


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a pinned task gets beside its CPUs.

    | on cgroup v2 | |
    |---|---|
    | `binds_memory` and `moves_pages` | no migrate_pages: binding the memory moves the pages there |
    """

    binds_memory: bool = False
    kernel_moves: bool = False
    """Whether memory that is bound follows, on cgroup v1."""
    moves_pages: bool = True
    is_v2: bool = False

    @property
    def migrates_when_pinning(self) -> bool:
        return self.moves_pages and not (self.binds_memory and self.is_v2)


def of_pin(task_id: str, node: int, cpus: frozenset[int], means: Means) -> Iterator[Allocation]:
    """A task is to be on a node, which has these CPUs."""
    yield Allocation(task_id, AllocationType.CPUSET_CPUS, canonical(cpus))
    if means.binds_memory:
        yield Allocation(task_id, AllocationType.CPUSET_MEMS, str(node))
        if means.kernel_moves:
            yield Allocation(task_id, AllocationType.CPUSET_MEMORY_MIGRATE, 1)
    if means.migrates_when_pinning:
        yield of_migration(task_id, node)


def of_migration(task_id: str, node: int) -> Allocation:
    """All pages of a task are to be on a node."""
    return Allocation(task_id, AllocationType.MIGRATE_PAGES, node)
