"""Files of cgroup v2: Documentation/admin-guide/cgroup-v2.rst of the kernel."""

from __future__ import annotations

LRU = (b"inactive_anon", b"active_anon", b"inactive_file", b"active_file", b"unevictable")
CPU_STAT = ("usage_usec", "user_usec", "system_usec")
MEMORY_STAT = ("pgfault", "pgmajfault", "anon", "file", "inactive_file")
KERNEL_PARTS = ("slab", "kernel_stack", "pagetables", "percpu", "sock")
"""Of memory.stat: together what `kernel` is since Linux 5.18."""


def parse_limit(text: bytes, unlimited: int) -> int:
    """A limit or protection [bytes]; `max` is no limit. Raises `ValueError`."""
    return unlimited if text.strip() == b"max" else int(text)


def parse_numa_stat(text: bytes) -> dict[int, int]:
    """`memory.numa_stat`: bytes on the five LRU lists by NUMA node; without those, of `anon` and `file`.

    The five lists are what the page counts of cgroup v1 hold. Raises `ValueError` for another form.
    """
    lines = {words[0]: words[1:] for line in text.splitlines() if (words := line.split())}
    names = [name for name in LRU if name in lines] or [name for name in (b"anon", b"file") if name in lines]
    if not names:
        raise ValueError("has neither the LRU lists nor anon and file")
    nodes: dict[int, int] = {}
    for name in names:
        for word in lines[name]:
            node, _, size = word.partition(b"=")
            number = int(node[1:])
            nodes[number] = nodes.get(number, 0) + int(size)
    return nodes
