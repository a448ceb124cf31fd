"""A wish to change a resource of a task, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wca_core.errors import ContractError


class AllocationType(StrEnum):
    """The resources that can be changed.

    | type | value |
    |---|---|
    | cpu_quota | part of all CPUs of the node, 0.0 to 1.0; 1.0: no limit |
    | cpu_shares | multiple of `cpu_shares_unit` |
    | cpuset_cpus, cpuset_mems | ids of CPUs, of NUMA nodes: `"0-3,8"` or a list |
    | cpuset_memory_migrate | whether pages follow `cpuset_mems`: 0 or 1 |
    | migrate_pages | id of the NUMA node that all pages move to, now |
    | rdt | an `RDTAllocation` |
    | memory_high | bytes, part of the node's memory (float up to 1.0), or `max` |
    | memory_min, memory_low | bytes |
    | cpu_idle | 0 or 1 |
    | cpu_burst | part of the quota, 0.0 to 1.0 |
    """

    CPU_QUOTA = "cpu_quota"
    CPU_SHARES = "cpu_shares"
    CPUSET_CPUS = "cpuset_cpus"
    CPUSET_MEMS = "cpuset_mems"
    CPUSET_MEMORY_MIGRATE = "cpuset_memory_migrate"
    MIGRATE_PAGES = "migrate_pages"
    RDT = "rdt"
    MEMORY_HIGH = "memory_high"
    MEMORY_MIN = "memory_min"
    MEMORY_LOW = "memory_low"
    CPU_IDLE = "cpu_idle"
    CPU_BURST = "cpu_burst"


@dataclass(frozen=True, slots=True)
class Allocation:
    """The value that a resource of a task has or shall have. Raises `ContractError` for a field of another type."""

    task_id: str
    type: AllocationType
    value: object

    def __post_init__(self) -> None:
        if not (isinstance(self.task_id, str) and isinstance(self.type, AllocationType)):
            raise ContractError(f"allocation: a task id and an AllocationType expected, found {self!r}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A wish that cannot be granted, and why: place, expected, found.

    Raises `ContractError` for a field of another type.
    """

    task_id: str
    type: AllocationType
    reason: str
    is_unsupported: bool = False
    """Nothing on this machine can change it, whatever the value; see `ignore_unsupported` of the AllocationRunner."""
    is_gone: bool = False
    """The task has ended meanwhile: nobody is to blame, and no other wish is the worse for it."""

    def __post_init__(self) -> None:
        texts = self.task_id, self.reason
        if not (all(isinstance(text, str) for text in texts) and isinstance(self.type, AllocationType)):
            raise ContractError(f"refusal: a task id and an AllocationType expected, with a reason, found {self!r}")

    def __str__(self) -> str:
        return f"{self.type} of {self.task_id}: {self.reason}"
