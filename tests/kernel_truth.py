"""What the kernel's files say about a cgroup, read the plain way.

The second opinion of the tests: it shares no code with wca_core, and prefers the obvious to the fast.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypeAlias

from tests.cgroups import Cgroup

PAGE = os.sysconf("SC_PAGE_SIZE")
NO_LIMIT = 0x7FFFFFFFFFFFFFFF - 0x7FFFFFFFFFFFFFFF % PAGE

Reading: TypeAlias = dict[tuple[str, str], int | float]
"""(Name of the metric, NUMA node or '') -> value."""

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


def read_truth(cgroup: Cgroup) -> Reading:
    """All metrics of a cgroup as of now."""
    plain, nodes = _v1(cgroup) if cgroup.trees.version == 1 else _v2(cgroup)
    reading: Reading = {(name, ""): value for name, value in plain.items()}
    for node, size in nodes.items():
        reading["task_mem_numa_bytes", node] = size
        reading["task_mem_numa_pages", node] = size // PAGE
    return reading


def _v1(cgroup: Cgroup) -> tuple[dict[str, int | float], dict[str, int]]:
    stat = _table(cgroup, "memory.stat")
    plain: dict[str, int | float] = {
        "task_cpu_usage_seconds": _number(cgroup, "cpuacct.usage") / 1e9,
        "task_cpu_user_seconds": _number(cgroup, "cpuacct.usage_user") / 1e9,
        "task_cpu_system_seconds": _number(cgroup, "cpuacct.usage_sys") / 1e9,
        "task_mem_usage_bytes": _number(cgroup, "memory.usage_in_bytes"),
        "task_mem_max_usage_bytes": _number(cgroup, "memory.max_usage_in_bytes"),
        "task_mem_limit_bytes": _number(cgroup, "memory.limit_in_bytes"),
        "task_mem_soft_limit_bytes": _number(cgroup, "memory.soft_limit_in_bytes"),
        "task_mem_kernel_bytes": _number(cgroup, "memory.kmem.usage_in_bytes"),
        **{metric: stat[key] for metric, key in V1_STAT.items()},
    }
    plain["task_mem_working_set_bytes"] = max(0, plain["task_mem_usage_bytes"] - stat["total_inactive_file"])
    pages = _nodes(cgroup)["hierarchical_total"]
    return plain, {node: count * PAGE for node, count in pages.items()}


def _v2(cgroup: Cgroup) -> tuple[dict[str, int | float], dict[str, int]]:
    stat = _table(cgroup, "memory.stat")
    times = _table(cgroup, "cpu.stat")
    plain: dict[str, int | float] = {
        "task_cpu_usage_seconds": times["usage_usec"] / 1e6,
        "task_cpu_user_seconds": times["user_usec"] / 1e6,
        "task_cpu_system_seconds": times["system_usec"] / 1e6,
        "task_mem_usage_bytes": _number(cgroup, "memory.current"),
        "task_mem_max_usage_bytes": _number(cgroup, "memory.peak"),
        "task_mem_limit_bytes": _number(cgroup, "memory.max"),
        "task_mem_soft_limit_bytes": _number(cgroup, "memory.high"),
        "task_mem_low_bytes": _number(cgroup, "memory.low"),
        "task_mem_min_bytes": _number(cgroup, "memory.min"),
        **{metric: stat[key] for metric, key in V2_STAT.items()},
    }
    plain["task_mem_working_set_bytes"] = max(0, plain["task_mem_usage_bytes"] - stat["inactive_file"])
    lists = _nodes(cgroup)
    return plain, {node: sum(lists[name][node] for name in LRU) for node in lists["anon"]}


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
