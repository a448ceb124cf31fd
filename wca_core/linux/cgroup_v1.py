"""Files of cgroup v1: Documentation/admin-guide/cgroup-v1/{memory,cpuacct,blkio-controller}.rst of the kernel."""

from __future__ import annotations

from collections.abc import Mapping

from wca_core.linux.keyed import has_field

MEMORY_STAT = ("pgfault", "pgmajfault", "rss", "cache", "inactive_file")
CPU_STAT = ("nr_periods", "nr_throttled", "throttled_time", "nr_bursts", "burst_time")
BLKIO = ("Read", "Write", "Discard")
"""Kinds of I/O that exclude each other; `Sync`, `Async` and `Total` count the same again."""


def memory_stat_name(text: bytes, name: str) -> str | None:
    """How `memory.stat` calls a field: with `total_` it counts all descendants; without, the hierarchy is disabled."""
    return next((found for found in (f"total_{name}", name) if has_field(text, found)), None)


def parse_quota(text: bytes) -> int | None:
    """`cpu.cfs_quota_us` [us in a period]; None: no limit. Raises `ValueError`."""
    quota = int(text)
    return quota if quota >= 0 else None


def parse_blkio(text: bytes) -> Mapping[str, Mapping[str, int]]:
    """`blkio.throttle.io_*`: numbers by device (`8:0`) and kind of I/O. Raises `ValueError`."""
    devices: dict[str, dict[str, int]] = {}
    for line in text.decode().splitlines():
        device, *rest = line.split()
        if device == "Total":
            continue
        kind, number = rest
        devices.setdefault(device, {})[kind] = int(number)
    return devices


def parse_numa_stat(text: bytes) -> dict[int, int]:
    """`memory.numa_stat`: pages on the LRU lists by NUMA node, of all descendants where the kernel tells them.

    Raises `ValueError` if there is no such line.
    """
    start = text.find(b"hierarchical_total=")
    if start < 0:
        start = 0 if text.startswith(b"total=") else text.find(b"\ntotal=") + 1
        if not text.startswith(b"total=", start):
            raise ValueError("has neither a hierarchical_total nor a total line")
    end = text.find(b"\n", start)
    line = text[start : end if end >= 0 else len(text)]
    return {int(node[1:]): int(pages) for node, _, pages in (part.partition(b"=") for part in line.split()[1:])}
