"""What the machine is made of, as metrics: looked up when CPUs or NUMA nodes have changed, then only repeated."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from wca_core.host import Host
from wca_core.linux.cpulist import format_cpulist
from wca_core.linux.numa import read_demotion, read_memory_access
from wca_core.model.metric import Block, Metric, Sample, gauge
from wca_core.model.platform import Platform

log = logging.getLogger("wca.platform")

SOCKETS = Metric("platform_topology_sockets", "Sockets with at least one online CPU.", gauge)
CORES = Metric("platform_topology_cores", "Cores with at least one online CPU.", gauge)
CPUS = Metric("platform_topology_cpus", "Online CPUs.", gauge)
CPUS_OFFLINE = Metric("platform_topology_cpus_offline", "CPUs that are there, but not online.", gauge)
NUMA_NODES = Metric("platform_topology_numa_nodes", "Online NUMA nodes, also those without CPUs.", gauge)
NUMA_DISTANCE = Metric(
    "platform_numa_distance",
    "Relative cost of memory accesses between NUMA nodes; 10 within a node.",
    gauge,
    levels=("numa_node", "to_numa_node"),
)
MEMORY_TIER = Metric(
    "platform_numa_node_memory_tier",
    "Memory tier of a NUMA node; a lower one is faster.",
    gauge,
    levels=("numa_node",),
)
READ_LATENCY = Metric(
    "platform_numa_node_read_latency_seconds",
    "Latency of reads from the nearest CPU, as the firmware tells.",
    gauge,
    unit="seconds",
    levels=("numa_node",),
)
READ_BANDWIDTH = Metric(
    "platform_numa_node_read_bandwidth_bytes_per_second",
    "Bandwidth of reads from the nearest CPU, as the firmware tells.",
    gauge,
    unit="bytes_per_second",
    levels=("numa_node",),
)


class Topology:
    """Counts of sockets, cores, CPUs and nodes."""

    metrics = (SOCKETS, CORES, CPUS, CPUS_OFFLINE, NUMA_NODES)

    def __init__(self) -> None:
        self._block = block_of([])

    def paths(self, host: Host, platform: Platform) -> list[str]:
        counts = (platform.sockets, platform.cores, platform.cpus, len(platform.offline_cpus), platform.numa_nodes)
        self._block = block_of(metric.sample(count) for metric, count in zip(self.metrics, counts, strict=True))
        return []

    def blocks(self, texts: Sequence[bytes]) -> list[Block]:
        return [self._block]


class NumaTopology:
    """What the memory of each node costs: its tier, latency and bandwidth; `distances`: also between nodes."""

    metrics = (MEMORY_TIER, READ_LATENCY, READ_BANDWIDTH, NUMA_DISTANCE)

    def __init__(self, *, distances: bool = False) -> None:
        self._distances = distances
        self._block = block_of([])

    def paths(self, host: Host, platform: Platform) -> list[str]:
        self._block = block_of(self._samples(host, platform))
        if platform.far_nodes:
            nodes, demotion = format_cpulist(platform.far_nodes), "on" if read_demotion(host.sys) else "off"
            log.info("NUMA nodes %s have memory and no CPUs; demotion is %s", nodes, demotion)
        return []

    def blocks(self, texts: Sequence[bytes]) -> list[Block]:
        return [self._block]

    def _samples(self, host: Host, platform: Platform) -> Iterator[Sample]:
        for node in platform.node_cpus:
            if node in platform.node_tiers:
                yield MEMORY_TIER.sample(platform.node_tiers[node], numa_node=node)
            access = read_memory_access(host.sys, node)
            if access.read_latency is not None:
                yield READ_LATENCY.sample(access.read_latency, numa_node=node)
            if access.read_bandwidth is not None:
                yield READ_BANDWIDTH.sample(access.read_bandwidth, numa_node=node)
        if self._distances:
            for node, distances in platform.node_distances.items():
                for to_node, distance in distances.items():
                    yield NUMA_DISTANCE.sample(distance, numa_node=node, to_numa_node=to_node)


def block_of(samples: Iterable[Sample]) -> Block:
    """A block that is given again and again."""
    found = [*samples]
    return Block(tuple([sample.series for sample in found]), [sample.value for sample in found])
