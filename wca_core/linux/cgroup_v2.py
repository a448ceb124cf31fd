"""Files of cgroup v2: Documentation/admin-guide/cgroup-v2.rst of the kernel."""

from __future__ import annotations

from collections.abc import Mapping

LRU = (b"inactive_anon", b"active_anon", b"inactive_file", b"active_file", b"unevictable")
CPU_STAT = ("usage_usec", "user_usec", "system_usec")
"""In every directory; those of the bandwidth only where the controller is enabled."""
CPU_BANDWIDTH = ("nr_periods", "nr_throttled", "throttled_usec", "nr_bursts", "burst_usec")
IO_STAT = ("rbytes", "wbytes", "dbytes", "rios", "wios", "dios")
MEMORY_STAT = ("pgfault", "pgmajfault", "anon", "file", "inactive_file")
KERNEL_PARTS = ("slab", "kernel_stack", "pagetables", "percpu", "sock")
"""Of memory.stat: together what `kernel` is since Linux 5.18."""


def parse_limit(text: bytes, unlimited: int) -> int:
    """A limit or protection [bytes]; `max` is no limit. Raises `ValueError`."""
    return unlimited if text.strip() == b"max" else int(text)


def parse_maximum(text: bytes) -> int | None:
    """`pids.max`, on v1 too; None: no limit. Raises `ValueError`."""
    return None if text.strip() == b"max" else int(text)


def parse_cpu_max(text: bytes) -> float | None:
    """`cpu.max`, a quota and a period, as CPUs; None: no limit. Raises `ValueError` or `ZeroDivisionError`."""
    quota, period = text.split()
    length = int(period)
    return None if quota == b"max" else int(quota) / length


def parse_io_stat(text: bytes) -> Mapping[str, Mapping[str, int]]:
    """`io.stat`: numbers by device (`8:0`) and key of `IO_STAT`; other keys are passed over. Raises `ValueError`.

    Some kernels do not end the line of a device without I/O, so a device begins where it is named.
    """
    devices: dict[str, dict[str, int]] = {}
    for word in text.decode().split():
        key, is_field, number = word.partition("=")
        if not is_field:
            if ":" not in word:
                raise ValueError(f"{word[:80]!r} is neither a device nor a field")
            fields = devices.setdefault(word, {})
        elif not devices:
            raise ValueError(f"the field {word[:80]!r} is of no device")
        elif key in IO_STAT:
            fields[key] = int(number)
    return devices


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
