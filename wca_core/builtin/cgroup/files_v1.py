"""The files of cgroup v1."""

from __future__ import annotations

import os
from functools import partial
from operator import truediv

from wca_core.builtin.cgroup.descriptions import (
    CPU_LIMIT,
    CPU_PERIOD,
    CPU_SYSTEM,
    CPU_USAGE,
    CPU_USER,
    MEM_EVENTS,
    MEM_KERNEL,
    MEM_LIMIT,
    MEM_MAX_USAGE,
    MEM_NUMA_BYTES,
    MEM_NUMA_PAGES,
    MEM_SOFT_LIMIT,
    MEM_SWAP_LIMIT,
    MEM_SWAP_USAGE,
    MEM_USAGE,
)
from wca_core.builtin.cgroup.files import PIDS_FILES, WORKING_SET, Choice, bandwidth, less
from wca_core.builtin.cgroup.source import (
    PAGE_SIZE,
    UNLIMITED,
    Combined,
    LimitIfAny,
    Number,
    Source,
    Table,
    limit,
    nanoseconds,
)
from wca_core.builtin.cgroup.tables import MEMORY_STAT, cpu_stat, numa_stat, v1_memory_stat, v1_oom_kills
from wca_core.linux import cgroup_v1
from wca_core.linux.block_devices import BlockDevices

TICKS = os.sysconf("SC_CLK_TCK")

SWAP_USAGE = Combined(MEM_SWAP_USAGE, MEM_USAGE, less)
SWAP_LIMIT = Combined(
    MEM_SWAP_LIMIT, MEM_LIMIT, lambda both, memory: UNLIMITED if both >= UNLIMITED else less(both, memory)
)
CPU_BY_PERIOD = Combined(CPU_LIMIT, CPU_PERIOD, truediv)

CPU_STAT = bandwidth(cgroup_v1.CPU_STAT, 1e9)
CPU: tuple[Source, ...] = (
    Number("cpuacct", "cpuacct.usage", CPU_USAGE, lambda: nanoseconds),
    Number("cpuacct", "cpuacct.usage_user", CPU_USER, lambda: nanoseconds),
    Number("cpuacct", "cpuacct.usage_sys", CPU_SYSTEM, lambda: nanoseconds),
    Table(
        "cpuacct",
        "cpuacct.stat",
        (CPU_USER, CPU_SYSTEM),
        partial(cpu_stat, [(CPU_USER, "user", TICKS), (CPU_SYSTEM, "system", TICKS)]),
        instead_of="cpuacct.usage_user",
    ),
    Table("cpu", "cpu.stat", tuple(metric for metric, _, _ in CPU_STAT), partial(cpu_stat, CPU_STAT)),
    Table(
        "cpu",
        "cpu.cfs_quota_us",
        (CPU_LIMIT,),
        partial(LimitIfAny, CPU_LIMIT, cgroup_v1.parse_quota),
        combined=CPU_BY_PERIOD,
    ),
    Number("cpu", "cpu.cfs_period_us", CPU_PERIOD, only_with=CPU_LIMIT),
)
MEMORY: tuple[Source, ...] = (
    Number("memory", "memory.max_usage_in_bytes", MEM_MAX_USAGE),
    Number("memory", "memory.limit_in_bytes", MEM_LIMIT, lambda: limit),
    Number("memory", "memory.soft_limit_in_bytes", MEM_SOFT_LIMIT, lambda: limit),
    Number("memory", "memory.kmem.usage_in_bytes", MEM_KERNEL),
    Number("memory", "memory.memsw.usage_in_bytes", MEM_SWAP_USAGE, combined=SWAP_USAGE),
    Number("memory", "memory.memsw.limit_in_bytes", MEM_SWAP_LIMIT, lambda: limit, combined=SWAP_LIMIT),
    Number("memory", "memory.failcnt", MEM_EVENTS, levels=("max",)),
    Table("memory", "memory.oom_control", (MEM_EVENTS,), v1_oom_kills),
    Table(
        "memory",
        "memory.numa_stat",
        (MEM_NUMA_PAGES, MEM_NUMA_BYTES),
        partial(numa_stat, cgroup_v1.parse_numa_stat, PAGE_SIZE),
    ),
)


def v1_files(choice: Choice, devices: BlockDevices) -> list[Source]:
    """All files; the memory usage comes first."""
    stat = Table(
        "memory",
        "memory.stat",
        (*MEMORY_STAT, MEM_SWAP_USAGE, *choice.fields_of_memory),
        partial(v1_memory_stat, choice.memory_stat),
        combined=WORKING_SET,
    )
    usage = Number("memory", "memory.usage_in_bytes", MEM_USAGE)
    return [usage, *CPU, *MEMORY, stat, *_blkio(choice, devices), *PIDS_FILES]


def _blkio(choice: Choice, devices: BlockDevices) -> list[Source]:
    """The I/O of all descendants; older kernels only tell that of the cgroup itself."""
    found: list[Source] = []
    for file, metrics in (("io_service_bytes", choice.io_metrics[:3]), ("io_serviced", choice.io_metrics[3:])):
        parts = list(zip(metrics, cgroup_v1.BLKIO, strict=True))
        of_all, of_own = (
            choice.io_reader(cgroup_v1.parse_blkio, parts, devices, is_recursive=is_recursive)
            for is_recursive in (True, False)
        )
        recursive, own = f"blkio.throttle.{file}_recursive", f"blkio.throttle.{file}"
        found += [
            Table("blkio", recursive, metrics, of_all),
            Table("blkio", own, metrics, of_own, instead_of=recursive),
        ]
    return found
