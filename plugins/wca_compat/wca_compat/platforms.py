"""The machine as components for the older interfaces know it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from wca_compat.metrics import Measurements
from wca_core import __version__
from wca_core.model import platform as machine


@dataclass
class RDTInformation:
    """What resctrl lets be measured and divided; None where the machine does not tell."""

    cbm_mask: str | None
    """Of the L3 cache, hexadecimal as in the file of this name."""
    min_cbm_bits: str | None
    """As in the file of this name."""
    rdt_mb_control_enabled: bool
    rdt_cache_control_enabled: bool
    rdt_cache_monitoring_enabled: bool
    rdt_mb_monitoring_enabled: bool
    num_closids: int | None
    mb_bandwidth_gran: int | None
    mb_min_bandwidth: int | None


@dataclass
class Platform:
    """One machine in one step. Numbers of CPUs, cores, sockets and nodes are the kernel's, and may have gaps."""

    sockets: int
    cores: int
    cpus: int
    numa_nodes: int
    cpu_model: str
    cpu_model_number: int
    cpu_codename: str
    topology: dict[int, dict[int, list[int]]]
    """Socket -> core -> CPUs."""
    node_cpus: dict[int, set[int]]
    node_distances: dict[int, dict[int, int]]
    timestamp: float
    """Of this step [Unix seconds]: what rates are computed with."""
    rdt_information: RDTInformation | None
    measurements: Measurements = field(default_factory=dict)
    swap_enabled: bool = False
    cpus_usage: dict[int, int] = field(default_factory=dict)
    """First generation: by CPU, as `platform_cpu_usage`."""
    total_memory_used: int = 0
    """First generation [bytes]."""


def get_wca_version() -> str:
    """Of the agent that runs."""
    return __version__


def older_platform(
    found: machine.Platform | None, timestamp: float, measurements: Measurements, names: Collection[str]
) -> Platform:
    """`found`: None where the kernel does not tell its CPUs. `names`: of all metrics that were measured."""
    found = found or machine.Platform(topology={})
    usage = measurements.get("platform_cpu_usage")
    used = measurements.get("platform_mem_usage_bytes")
    return Platform(
        sockets=found.sockets,
        cores=found.cores,
        cpus=found.cpus,
        numa_nodes=found.numa_nodes,
        cpu_model=found.cpu_model,
        cpu_model_number=found.cpu_model_number,
        cpu_codename=found.cpu_codename,
        topology={
            socket: {core: list(cpus) for core, cpus in cores.items()} for socket, cores in found.topology.items()
        },
        node_cpus={node: set(cpus) for node, cpus in found.node_cpus.items()},
        node_distances={node: dict(distances) for node, distances in found.node_distances.items()},
        timestamp=timestamp,
        rdt_information=_rdt_information(found.parts.get("rdt"), names),
        measurements=measurements,
        swap_enabled=found.swap_enabled,
        cpus_usage=dict(usage) if isinstance(usage, dict) else {},
        total_memory_used=int(used) if isinstance(used, int | float) else 0,
    )


def _rdt_information(offer: object, names: Collection[str]) -> RDTInformation | None:
    """`offer`: what the plugin `rdt` says can be divided; None: nothing, then it may still measure."""
    measures = {"task_llc_occupancy_bytes", "task_mem_bandwidth_bytes"} & set(names)
    if offer is None and not measures:
        return None
    resources = getattr(offer, "resources", {})
    cache = _limits(resources, "L3", "L3CODE")
    bandwidth = _limits(resources, "MB")
    mask, bits = getattr(cache, "cbm_mask", None), getattr(cache, "min_cbm_bits", None)
    return RDTInformation(
        cbm_mask=None if mask is None else f"{mask:x}",
        min_cbm_bits=None if bits is None else str(bits),
        rdt_mb_control_enabled=bandwidth is not None,
        rdt_cache_control_enabled=cache is not None,
        rdt_cache_monitoring_enabled="task_llc_occupancy_bytes" in measures,
        rdt_mb_monitoring_enabled="task_mem_bandwidth_bytes" in measures,
        num_closids=getattr(offer, "closids", None),
        mb_bandwidth_gran=getattr(bandwidth, "bandwidth_gran", None),
        mb_min_bandwidth=getattr(bandwidth, "min_bandwidth", None),
    )


def _limits(resources: Mapping[str, object], *names: str) -> object | None:
    """Of the first of these resources that there is."""
    return next((getattr(resources[name], "limits", None) for name in names if name in resources), None)
