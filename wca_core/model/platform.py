"""What a machine is made of: its CPUs and NUMA nodes. What it measures at a moment are samples, not this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from wca_core.model.cpu_codenames import CpuCodename


@dataclass(frozen=True, kw_only=True, eq=False)
class Platform:
    """One machine, as long as no CPU and no NUMA node comes or goes; after that there is another one.

    Only online CPUs and nodes are in it. Whatever the kernel does not tell is left empty.
    """

    topology: Mapping[int, Mapping[int, tuple[int, ...]]]
    """Socket -> core -> CPUs."""
    offline_cpus: frozenset[int] = frozenset()
    """That are there, but switched off."""
    cpu_kind: Mapping[int, str] = field(default_factory=dict)
    """By CPU, on a hybrid machine only: `core` and `atom` on x86, `capacity-N` on ARM."""
    l3_cpus: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """By L3 cache, whose id is the level `l3_domain` of metrics: `l3_cpus[int(domain)]`."""

    cpu_model: str = "unknown"
    cpu_model_number: int = 0
    """The model on x86, the part on ARM."""
    cpu_codename: CpuCodename = CpuCodename.UNKNOWN
    cpu_vendor: str = "unknown"
    """`GenuineIntel`, `AuthenticAMD`; on ARM the implementer."""
    cpu_family: int = 0
    cpu_stepping: int = 0
    arch: str = "unknown"
    """As `uname -m` says it."""

    node_cpus: Mapping[int, frozenset[int]] = field(default_factory=dict)
    """By NUMA node, whose numbers may have gaps; without CPUs for a node of memory only."""
    node_distances: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    node_has_memory: frozenset[int] = frozenset()
    node_tiers: Mapping[int, int] = field(default_factory=dict)
    """The memory tier of a node: a lower one is faster."""

    swap_enabled: bool = False
    timestamp: float = 0.0
    """When this was found [Unix seconds]."""
    parts: Mapping[str, object] = field(default_factory=dict)
    """What plugins know beyond this, by name of the plugin; see `Host.platform_parts`."""

    @property
    def sockets(self) -> int:
        return len(self.topology)

    @property
    def cores(self) -> int:
        return sum(map(len, self.topology.values()))

    @property
    def cpus(self) -> int:
        return sum(len(cpus) for cores in self.topology.values() for cpus in cores.values())

    @property
    def numa_nodes(self) -> int:
        return len(self.node_cpus)

    @cached_property
    def online_cpus(self) -> tuple[int, ...]:
        """In their order."""
        return tuple(sorted(cpu for cores in self.topology.values() for cpus in cores.values() for cpu in cpus))

    def socket_of(self, cpu: int) -> int | None:
        """The socket of a CPU; None for one that is not online."""
        place = self._places.get(cpu)
        return place[0] if place else None

    def core_of(self, cpu: int) -> tuple[int, int] | None:
        """Socket and core of a CPU, which together name a core; None for one that is not online."""
        return self._places.get(cpu)

    def siblings(self, cpu: int) -> tuple[int, ...]:
        """The CPUs of its core, itself among them, in their order; empty for one that is not online."""
        place = self._places.get(cpu)
        return tuple(sorted(self.topology[place[0]][place[1]])) if place else ()

    def node_of(self, cpu: int) -> int | None:
        """The NUMA node of a CPU; None where the kernel tells of none."""
        return self._node_of.get(cpu)

    def l3_of(self, cpu: int) -> int | None:
        """The L3 cache of a CPU; None where the kernel tells of none."""
        return self._l3_of.get(cpu)

    def cpus_of_socket(self, socket: int) -> tuple[int, ...]:
        """In their order; empty for a socket that is not there."""
        return tuple(sorted(cpu for cpus in self.topology.get(socket, {}).values() for cpu in cpus))

    @cached_property
    def _places(self) -> Mapping[int, tuple[int, int]]:
        return {
            cpu: (socket, core)
            for socket, cores in self.topology.items()
            for core, cpus in cores.items()
            for cpu in cpus
        }

    @cached_property
    def _node_of(self) -> Mapping[int, int]:
        return {cpu: node for node, cpus in self.node_cpus.items() for cpu in cpus}

    @cached_property
    def _l3_of(self) -> Mapping[int, int]:
        return {cpu: cache for cache, cpus in self.l3_cpus.items() for cpu in cpus}

    @property
    def smt_active(self) -> bool:
        """Whether a core has more than one CPU online."""
        return self.cpus > self.cores

    @property
    def far_nodes(self) -> frozenset[int]:
        """Nodes with memory and without CPUs: CXL, persistent or high-bandwidth memory."""
        return frozenset(node for node, cpus in self.node_cpus.items() if not cpus) & self.node_has_memory

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """What `wca_information` tells of the machine."""
        return {
            "sockets": str(self.sockets),
            "cores": str(self.cores),
            "cpus": str(self.cpus),
            "cpu_model": self.cpu_model,
            "cpu_model_number": str(self.cpu_model_number),
        }
