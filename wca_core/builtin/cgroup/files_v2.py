"""The files of cgroup v2."""

from __future__ import annotations

from functools import partial

from wca_core.builtin.cgroup.descriptions import (
    CPU_LIMIT,
    CPU_SYSTEM,
    CPU_USAGE,
    CPU_USER,
    MEM_EVENTS,
    MEM_KERNEL,
    MEM_LIMIT,
    MEM_LOW,
    MEM_MAX_USAGE,
    MEM_MIN,
    MEM_NUMA_BYTES,
    MEM_NUMA_PAGES,
    MEM_SOFT_LIMIT,
    MEM_SWAP_LIMIT,
    MEM_SWAP_USAGE,
    MEM_USAGE,
)
from wca_core.builtin.cgroup.files import PIDS_FILES, WORKING_SET, Choice, bandwidth
from wca_core.builtin.cgroup.source import HighWater, LimitIfAny, Number, Source, Table, limit
from wca_core.builtin.cgroup.tables import MEMORY_STAT, CpuField, cpu_stat, memory_events, numa_stat, v2_memory_stat
from wca_core.linux import cgroup_v2
from wca_core.linux.block_devices import BlockDevices

CPU_TIMES: list[CpuField] = [
    (metric, name, 1e6) for metric, name in zip((CPU_USAGE, CPU_USER, CPU_SYSTEM), cgroup_v2.CPU_STAT, strict=True)
]
CPU_STAT = [*CPU_TIMES, *bandwidth(cgroup_v2.CPU_BANDWIDTH, 1e6)]
CPU: tuple[Source, ...] = (
    Table("cpu", "cpu.stat", tuple(metric for metric, _, _ in CPU_STAT), partial(cpu_stat, CPU_STAT)),
    Table("cpu", "cpu.max", (CPU_LIMIT,), partial(LimitIfAny, CPU_LIMIT, cgroup_v2.parse_cpu_max)),
)
MEMORY: tuple[Source, ...] = (
    Number("memory", "memory.peak", MEM_MAX_USAGE),
    Number("memory", "memory.current", MEM_MAX_USAGE, HighWater, instead_of="memory.peak"),
    Number("memory", "memory.max", MEM_LIMIT, lambda: limit),
    Number("memory", "memory.high", MEM_SOFT_LIMIT, lambda: limit),
    Number("memory", "memory.low", MEM_LOW, lambda: limit),
    Number("memory", "memory.min", MEM_MIN, lambda: limit),
    Number("memory", "memory.swap.current", MEM_SWAP_USAGE),
    Number("memory", "memory.swap.max", MEM_SWAP_LIMIT, lambda: limit),
    Table("memory", "memory.events", (MEM_EVENTS,), memory_events),
    Table(
        "memory",
        "memory.numa_stat",
        (MEM_NUMA_PAGES, MEM_NUMA_BYTES),
        partial(numa_stat, cgroup_v2.parse_numa_stat, 1),
    ),
)


def v2_files(choice: Choice, devices: BlockDevices) -> list[Source]:
    """All files; the memory usage comes first."""
    stat = Table(
        "memory",
        "memory.stat",
        (*MEMORY_STAT, MEM_KERNEL, *choice.fields_of_memory),
        partial(v2_memory_stat, choice.memory_stat),
        combined=WORKING_SET,
    )
    parts = list(zip(choice.io_metrics, cgroup_v2.IO_STAT, strict=True))
    io = Table("io", "io.stat", choice.io_metrics, choice.io_reader(cgroup_v2.parse_io_stat, parts, devices))
    return [Number("memory", "memory.current", MEM_USAGE), *CPU, *MEMORY, stat, io, *PIDS_FILES]
