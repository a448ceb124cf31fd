"""`/sys/devices/system/node`: NUMA nodes, their CPUs, distances, memory and its tiers.

Numbers of nodes may have gaps, and a node may have no CPUs (CXL, persistent or high-bandwidth memory)
or no memory. See Documentation/ABI/stable/sysfs-devices-node and admin-guide/mm/numaperf.rst of the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wca_core.errors import HostError
from wca_core.linux.sysfs import numbered, read_attribute, read_list, read_number


@dataclass(frozen=True, slots=True)
class MemoryAccess:
    """How the nearest initiator reaches the memory of a node, as the firmware tells (HMAT, CDAT)."""

    read_latency: float | None
    """Seconds."""
    read_bandwidth: float | None
    """Bytes per second."""


def online_path(sys: str) -> str:
    return f"{sys}/devices/system/node/online"


def node_path(sys: str, node: int) -> str:
    return f"{sys}/devices/system/node/node{node}"


def read_nodes(sys: str) -> list[int]:
    """The online nodes; empty on a kernel without NUMA. Raises `HostError`."""
    online = read_list(online_path(sys))
    return sorted(online) if online else [*numbered(f"{sys}/devices/system/node", "node")]


def read_node_cpus(sys: str, nodes: Sequence[int], online: frozenset[int]) -> dict[int, frozenset[int]]:
    """The online CPUs of each node. Raises `HostError`."""
    return {node: (read_list(f"{node_path(sys, node)}/cpulist") or frozenset()) & online for node in nodes}


def read_nodes_with_memory(sys: str, nodes: Sequence[int]) -> frozenset[int]:
    """The nodes that have memory: all of them where the kernel does not tell. Raises `HostError`."""
    for name in ("has_memory", "has_normal_memory"):
        found = read_list(f"{sys}/devices/system/node/{name}")
        if found is not None:
            return found & frozenset(nodes)
    return frozenset(nodes)


def parse_distances(text: str, nodes: Sequence[int]) -> dict[int, int]:
    """Distance to each of the online nodes, which are sorted: the i-th value belongs to the i-th of them.

    Raises `ValueError`.
    """
    return dict(zip(nodes, map(int, text.split()), strict=True))


def read_distances(sys: str, nodes: Sequence[int]) -> dict[int, dict[int, int]]:
    """Distances from each node that tells them. Raises `HostError`."""
    distances = {}
    for node in nodes:
        path = f"{node_path(sys, node)}/distance"
        text = read_attribute(path)
        try:
            if text is not None:
                distances[node] = parse_distances(text, nodes)
        except ValueError as error:
            raise HostError(f"{path}: {len(nodes)} distances expected, found {text!r:.80}") from error
    return distances


def read_tiers(sys: str) -> dict[int, int]:
    """The memory tier of each node, a lower one is faster; empty before Linux 6.1. Raises `HostError`."""
    tiers = numbered(f"{sys}/devices/virtual/memory_tiering", "memory_tier")
    return {node: tier for tier, path in tiers.items() for node in sorted(read_list(f"{path}/nodelist") or ())}


def read_memory_access(sys: str, node: int) -> MemoryAccess:
    """How the nearest CPU (`access1`), else the nearest initiator of any kind, reads a node. Raises `HostError`."""

    def value(name: str) -> int | None:
        found = (read_number(f"{node_path(sys, node)}/{access}/initiators/{name}") for access in ("access1", "access0"))
        return next((number for number in found if number), None)  # 0: the firmware does not tell

    nanoseconds, megabytes = value("read_latency"), value("read_bandwidth")
    return MemoryAccess(
        read_latency=None if nanoseconds is None else nanoseconds / 1e9,
        read_bandwidth=None if megabytes is None else megabytes * 1e6,
    )


def read_demotion(sys: str) -> bool:
    """Whether cold pages move to a slower tier. Raises `HostError`."""
    return read_attribute(f"{sys}/kernel/mm/numa/demotion_enabled") in ("1", "true")
