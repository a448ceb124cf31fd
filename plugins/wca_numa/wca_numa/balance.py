"""How much memory the tasks have that are pinned to each node. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wca_numa.residency import Resident


@dataclass(frozen=True, slots=True)
class Nodes:
    """The NUMA nodes of a machine."""

    cpus: Mapping[int, frozenset[int]]
    """Of the nodes that tasks may be pinned to."""
    free: Mapping[int, float]
    """Bytes, of all nodes of which it is known."""
    total: float = 0
    """Bytes of memory of all nodes."""

    @property
    def ids(self) -> list[int]:
        """Of those that tasks may be pinned to, ascending."""
        return sorted(self.cpus)

    @property
    def least_used(self) -> int | None:
        """The one of them with most free memory, of equal ones the first; None if that is not known of any."""
        known = [node for node in self.ids if node in self.free]
        return max(known, key=lambda node: self.free[node], default=None)


@dataclass(frozen=True, slots=True)
class Balance:
    """What is on each node that tasks may be pinned to."""

    nodes: Nodes
    load: Mapping[int, Sequence[Resident]]

    @classmethod
    def of(cls, nodes: Nodes, residents: Iterable[Resident]) -> Balance:
        load: dict[int, list[Resident]] = {node: [] for node in nodes.ids}
        for resident in residents:
            if resident.node in load:
                load[resident.node].append(resident)
        return cls(nodes, load)

    def memory(self, node: int) -> float:
        """Bytes of the tasks on a node together."""
        return sum(resident.memory for resident in self.load[node])
