"""What the kernel's files say about a cgroup, read the plain way.

The second opinion of the tests: it shares no code with wca_core, and prefers the obvious to the fast.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from tests.cgroups import Cgroup

PAGE = os.sysconf("SC_PAGE_SIZE")
NO_LIMIT = 0x7FFFFFFFFFFFFFFF - 0x7FFFFFFFFFFFFFFF % PAGE

Reading: TypeAlias = dict[tuple[str, str], int | float]
"""(Name of the metric, the values of its levels or '') -> value."""
Plain: TypeAlias = dict[str, int | float]

V1_STAT = {
    "task_mem_page_faults": "total_pgfault",
    "task_mem_major_page_faults": "total_pgmajfault",
    "task_mem_anon_bytes": "total_rss",
    "task_mem_file_bytes": "total_cache",
}
V2_STAT = {
    "task_mem_page_faults": "pgfault",
    "task_mem_major_page_faults": "pgmajfault",
    "task_mem_anon_bytes": "anon",
    "task_mem_file_bytes": "file",
    "task_mem_kernel_bytes": "kernel",
}
LRU = ("inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable")


COUNTS = {
    "task_cpu_periods": "nr_periods",
    "task_cpu_throttled_periods": "nr_throttled",
    "task_cpu_bursts": "nr_bursts",
}
IO = {
    "task_io_read_bytes": ("io_service_bytes", "Read", "rbytes"),
    "task_io_write_bytes": ("io_service_bytes", "Write", "wbytes"),
    "task_io_discard_bytes": ("io_service_bytes", "Discard", "dbytes"),
    "task_io_reads": ("io_serviced", "Read", "rios"),
    "task_io_writes": ("io_serviced", "Write", "wios"),
    "task_io_discards": ("io_serviced", "Discard", "dios"),
}


def read_truth(cgroup: Cgroup) -> Reading:
    """All metrics of a cgroup as of now."""
    is_v1 = cgroup.trees.version == 1
    plain, nodes, events = _v1(cgroup) if is_v1 else _v2(cgroup)
    plain["task_pids"] = _number(cgroup, "pids.current")
    if "max" not in _text(cgroup, "pids.max"):
        plain["task_pids_limit"] = _number(cgroup, "pids.max")
    limit = _v1_cpus(cgroup) if is_v1 else _v2_cpus(cgroup)
    if limit is not None:
        plain["task_cpu_limit_cpus"] = limit
    reading: Reading = {(name, ""): value for name, value in plain.items()}
    reading.update({("task_mem_events", event): count for event, count in events.items()})
    for node, size in nodes.items():
        reading["task_mem_numa_bytes", node] = size
        reading["task_mem_numa_pages", node] = size // PAGE
    return reading


def _v1(cgroup: Cgroup) -> tuple[Plain, dict[str, int], dict[str, int]]:
    stat = _table(cgroup, "memory.stat")
    cpu = _table(cgroup, "cpu.stat")
    plain: Plain = {
        "task_cpu_usage_seconds": _number(cgroup, "cpuacct.usage") / 1e9,
        "task_cpu_user_seconds": _number(cgroup, "cpuacct.usage_user") / 1e9,
        "task_cpu_system_seconds": _number(cgroup, "cpuacct.usage_sys") / 1e9,
        "task_cpu_throttled_seconds": cpu["throttled_time"] / 1e9,
        "task_cpu_burst_seconds": cpu["burst_time"] / 1e9,
        **{metric: cpu[key] for metric, key in COUNTS.items()},
        "task_mem_usage_bytes": _number(cgroup, "memory.usage_in_bytes"),
        "task_mem_max_usage_bytes": _number(cgroup, "memory.max_usage_in_bytes"),
        "task_mem_limit_bytes": _number(cgroup, "memory.limit_in_bytes"),
        "task_mem_soft_limit_bytes": _number(cgroup, "memory.soft_limit_in_bytes"),
        "task_mem_kernel_bytes": _number(cgroup, "memory.kmem.usage_in_bytes"),
        **{metric: stat[key] for metric, key in V1_STAT.items()},
        **{metric: sum(_blkio(cgroup, file, kind)) for metric, (file, kind, _) in IO.items()},
    }
    plain["task_mem_working_set_bytes"] = max(0, plain["task_mem_usage_bytes"] - stat["total_inactive_file"])
    both = _number(cgroup, "memory.memsw.usage_in_bytes"), _number(cgroup, "memory.memsw.limit_in_bytes")
    plain["task_mem_swap_usage_bytes"] = max(0, both[0] - plain["task_mem_usage_bytes"])
    plain["task_mem_swap_limit_bytes"] = NO_LIMIT if both[1] == NO_LIMIT else both[1] - plain["task_mem_limit_bytes"]
    events = {
        "max": _number(cgroup, "memory.failcnt"),
        "oom_kill": _table(cgroup, "memory.oom_control")["oom_kill"],
    }
    pages = _nodes(cgroup)["hierarchical_total"]
    return plain, {node: count * PAGE for node, count in pages.items()}, events


def _v2(cgroup: Cgroup) -> tuple[Plain, dict[str, int], dict[str, int]]:
    stat = _table(cgroup, "memory.stat")
    cpu = _table(cgroup, "cpu.stat")
    plain: Plain = {
        "task_cpu_usage_seconds": cpu["usage_usec"] / 1e6,
        "task_cpu_user_seconds": cpu["user_usec"] / 1e6,
        "task_cpu_system_seconds": cpu["system_usec"] / 1e6,
        "task_cpu_throttled_seconds": cpu["throttled_usec"] / 1e6,
        "task_cpu_burst_seconds": cpu["burst_usec"] / 1e6,
        **{metric: cpu[key] for metric, key in COUNTS.items()},
        "task_mem_usage_bytes": _number(cgroup, "memory.current"),
        "task_mem_max_usage_bytes": _number(cgroup, "memory.peak"),
        "task_mem_limit_bytes": _number(cgroup, "memory.max"),
        "task_mem_soft_limit_bytes": _number(cgroup, "memory.high"),
        "task_mem_low_bytes": _number(cgroup, "memory.low"),
        "task_mem_min_bytes": _number(cgroup, "memory.min"),
        "task_mem_swap_usage_bytes": _number(cgroup, "memory.swap.current"),
        "task_mem_swap_limit_bytes": _number(cgroup, "memory.swap.max"),
        **{metric: stat[key] for metric, key in V2_STAT.items()},
        **{metric: sum(_io_stat(cgroup, key)) for metric, (_, _, key) in IO.items()},
    }
    plain["task_mem_working_set_bytes"] = max(0, plain["task_mem_usage_bytes"] - stat["inactive_file"])
    lists = _nodes(cgroup)
    nodes = {node: sum(lists[name][node] for name in LRU) for node in lists["anon"]}
    return plain, nodes, dict(_table(cgroup, "memory.events"))


def _v1_cpus(cgroup: Cgroup) -> float | None:
    quota = _number(cgroup, "cpu.cfs_quota_us")
    return None if quota < 0 else quota / _number(cgroup, "cpu.cfs_period_us")


def _v2_cpus(cgroup: Cgroup) -> float | None:
    quota, period = _text(cgroup, "cpu.max").split()
    return None if quota == "max" else int(quota) / int(period)


def _blkio(cgroup: Cgroup, file: str, kind: str) -> Iterator[int]:
    """The numbers of all devices that stand on no other."""
    for line in _text(cgroup, f"blkio.throttle.{file}_recursive").splitlines():
        words = line.split()
        if len(words) == 3 and words[1] == kind and stands_on_nothing(words[0]):
            yield int(words[2])


def _io_stat(cgroup: Cgroup, key: str) -> Iterator[int]:
    for line in _text(cgroup, "io.stat").splitlines():
        device, *pairs = line.split()
        if stands_on_nothing(device):
            yield from (int(pair.removeprefix(f"{key}=")) for pair in pairs if pair.startswith(f"{key}="))


def stands_on_nothing(device: str) -> bool:
    return not device.startswith("7:") and not list(Path(f"/sys/dev/block/{device}/slaves").glob("*"))


def _text(cgroup: Cgroup, file: str) -> str:
    with open(cgroup.file(file)) as opened:
        return opened.read()


def _number(cgroup: Cgroup, file: str) -> int:
    text = _text(cgroup, file).strip()
    return NO_LIMIT if text == "max" else int(text)


def _table(cgroup: Cgroup, file: str) -> Mapping[str, int]:
    words = _text(cgroup, file).split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


def _nodes(cgroup: Cgroup) -> Mapping[str, Mapping[str, int]]:
    """`memory.numa_stat` by its first words, which v1 joins to a total by `=`."""
    lines = {}
    for line in _text(cgroup, "memory.numa_stat").splitlines():
        first, *rest = line.split()
        pairs = (word.split("=") for word in rest)
        lines[first.split("=")[0]] = {node.lstrip("N"): int(count) for node, count in pairs}
    return lines
