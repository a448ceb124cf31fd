"""Files of cgroup v1: Documentation/admin-guide/cgroup-v1/{memory,cpuacct}.rst of the kernel."""

from __future__ import annotations

from wca_core.linux.keyed import field_at, has_field

MEMORY_STAT = ("pgfault", "pgmajfault", "rss", "cache", "inactive_file")


def memory_stat_keys(text: bytes) -> tuple[bytes, ...]:
    """The fields of `memory.stat` to read, in the order of `MEMORY_STAT`.

    Those with `total_` count all descendants and are preferred; without them the hierarchy is disabled.
    Raises `ValueError` for a missing one.
    """
    keys = []
    for key in MEMORY_STAT:
        found = next((name for name in (f"total_{key}", key) if has_field(text, name)), None)
        if found is None:
            raise ValueError(f"has no field {key}")
        keys.append(field_at(found))
    return tuple(keys)


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
