"""A wish to change a resource of a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wca_core.errors import ContractError


class AllocationType(StrEnum):
    """The resources that can be changed."""

    CPU_QUOTA = "cpu_quota"
    CPU_SHARES = "cpu_shares"
    CPUSET_CPUS = "cpuset_cpus"
    CPUSET_MEMS = "cpuset_mems"
    CPUSET_MEMORY_MIGRATE = "cpuset_memory_migrate"
    MIGRATE_PAGES = "migrate_pages"
    RDT = "rdt"


@dataclass(frozen=True, slots=True)
class Allocation:
    """The value that a resource of a task has or shall have. Raises `ContractError` for a field of another type."""

    task_id: str
    type: AllocationType
    value: object

    def __post_init__(self) -> None:
        if not (isinstance(self.task_id, str) and isinstance(self.type, AllocationType)):
            raise ContractError(f"allocation: a task id and an AllocationType expected, found {self!r}")


def overlaid(in_force: Mapping[tuple[str, AllocationType], Allocation], wishes: list[Allocation]) -> list[Allocation]:
    """The wishes that differ from what is in force; of several for one place the last counts."""
    wanted = {(wish.task_id, wish.type): wish for wish in wishes}
    return [wish for place, wish in wanted.items() if not _is_same(in_force.get(place), wish)]


def _is_same(one: Allocation | None, other: Allocation) -> bool:
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001  values are a plugin's, and some (arrays) refuse to be compared
        return False
