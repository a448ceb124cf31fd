"""What allocators for the older interfaces wish."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from wca_core.model import allocation
from wca_core.model.rdt_allocation import RDTAllocation


class AllocationType(StrEnum):
    """The resources of a task that can be changed; a member is equal to its text."""

    QUOTA = "cpu_quota"
    SHARES = "cpu_shares"
    RDT = "rdt"
    CPUSET_CPUS = "cpuset_cpus"
    CPUSET_MEMS = "cpuset_mems"
    CPUSET_MEMORY_MIGRATE = "cpuset_memory_migrate"
    MIGRATE_PAGES = "migrate_pages"


TaskAllocations: TypeAlias = dict[str, float | int | str | RDTAllocation]
TasksAllocations: TypeAlias = dict[str, TaskAllocations]


def older_allocations(in_force: Mapping[allocation.AllocationType, object]) -> dict[str, object]:
    """What a task has, by the members that allocators compare with; types that came later keep theirs."""
    return {_OLDER.get(kind, kind): _own(value) for kind, value in in_force.items()}


def _own(value: object) -> object:
    return list(value) if isinstance(value, list) else set(value) if isinstance(value, set) else value


_OLDER: Mapping[str, str] = {kind.value: kind for kind in AllocationType}
