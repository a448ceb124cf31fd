"""Where a task is: the node that it is pinned to, its pages on each node, and how much memory it counts for. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from wca_core.model.task import Task

NOWHERE = -1
"""The node of a task that is not pinned to one."""


@dataclass(frozen=True, slots=True)
class Resident:
    """A task as far as NUMA is concerned."""

    task: Task
    memory: float
    """Bytes that it counts for; 0: a ghost, which is left alone."""
    pages: Mapping[int, float]
    """By node, also of those without CPUs; empty: not measured."""
    node: int = NOWHERE
    """The node that it is pinned to."""
    is_known: bool = True
    """Whether its CPUs in force are known; else it is left alone."""

    def share(self, node: int) -> float:
        """The part of its pages that is on a node, 0 to 1."""
        return round(self.pages.get(node, 0) / max(1, sum(self.pages.values())), 4)

    def pages_elsewhere(self, node: int, sources: Collection[int] | None = None) -> float:
        """Pages that are not on a node; `sources`: only those on these."""
        return sum(
            count for other, count in self.pages.items() if other != node and (sources is None or other in sources)
        )


def memory_of(resources: Mapping[str, float | str], sizes: Iterable[float | None], total: float) -> float:
    """Bytes: what the task asked for; else the first of `sizes` that the machine could have; else 0.

    A limit of 2^63 means that there is none, so sizes above `total` do not count; what is asked for always does.
    """
    asked = resources.get("mem")
    if isinstance(asked, int | float) and not isinstance(asked, bool) and _is_size(asked):
        return asked
    return next((size for size in sizes if size is not None and _is_size(size) and size <= total), 0)


def node_of(cpus: frozenset[int], node_cpus: Mapping[int, frozenset[int]], *, keeps_subsets: bool = False) -> int:
    """The first node that has exactly these CPUs, or all of them with `keeps_subsets`; -1 if there is none.

    No CPUs mean those of the cgroup above: that is never a pin.
    """
    for node in sorted(node_cpus) if cpus else ():
        if cpus == node_cpus[node] or (keeps_subsets and cpus < node_cpus[node]):
            return node
    return NOWHERE


def in_order(residents: Iterable[Resident]) -> Sequence[Resident]:
    """Those with most memory first; of equal ones in the order given."""
    return sorted(residents, key=lambda resident: -resident.memory)


def _is_size(size: float) -> bool:
    return math.isfinite(size) and size >= 0
