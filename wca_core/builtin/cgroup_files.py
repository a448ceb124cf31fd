"""Which files of a cgroup hold which metrics, on cgroup v1 and v2.

A `Number` is a file with one number; a `Table` is a file of which a `TableReader`, made from
its first text, reads many.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeAlias

from wca_core.builtin.cgroup_descriptions import (
    CPU_SYSTEM,
    CPU_USAGE,
    CPU_USER,
    MEM_ANON,
    MEM_FAULTS,
    MEM_FILE,
    MEM_KERNEL,
    MEM_LIMIT,
    MEM_LOW,
    MEM_MAJOR_FAULTS,
    MEM_MAX_USAGE,
    MEM_MIN,
    MEM_NUMA_BYTES,
    MEM_NUMA_PAGES,
    MEM_SOFT_LIMIT,
    MEM_USAGE,
    MEM_WORKING_SET,
)
from wca_core.linux import cgroup_v1, cgroup_v2
from wca_core.linux.keyed import field_at, fields_of, has_field, numbers_at
from wca_core.model.metric import Metric, Value

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
UNLIMITED = (2**63 - 1) // PAGE_SIZE * PAGE_SIZE
"""What v1 prints for "no limit"; v2's `max` becomes the same, so that expressions work on both."""
MOST_LIMITS = 4096
"""Different texts of limits that are remembered."""

Column: TypeAlias = tuple[Metric, tuple[str, ...]]
"""A metric and the values of its levels: one sample of one cgroup."""


class TableReader(Protocol):
    """Reads one kind of file of one cgroup."""

    columns: Sequence[Column]

    def read(self, text: bytes) -> Sequence[Value]:
        """One value a column, for `MEM_WORKING_SET` the inactive page cache. Raises `ValueError`.

        The same for the same text, so that an unchanged file need not be parsed again.
        """


@dataclass(frozen=True, slots=True)
class Number:
    """A file that holds one number. `parser()` is asked once a cgroup, so it may give one that remembers."""

    controller: str
    file: str
    metric: Metric
    parser: Callable[[], Callable[[bytes], Value]] = lambda: int
    instead_of: str | None = None
    """Read only where this other file of the same directory is missing."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file that holds many numbers; `reader(text)` looks which. `ValueError` if it cannot be read."""

    controller: str
    file: str
    metrics: tuple[Metric, ...]
    reader: Callable[[bytes], TableReader]
    instead_of: str | None = None


def nanoseconds(text: bytes) -> float:
    return int(text) / 1e9


class Limits(dict[bytes, int]):
    """Limits [bytes] on either version by their text: a node has few different ones, and they hardly ever change."""

    def __missing__(self, text: bytes) -> int:
        if len(self) >= MOST_LIMITS:
            self.clear()
        value = self[text] = min(cgroup_v2.parse_limit(text, UNLIMITED), UNLIMITED)
        return value


limit = Limits().__getitem__


class HighWater:
    """The largest number read so far: in place of `memory.peak` on kernels before 5.19."""

    def __init__(self) -> None:
        self.highest = 0

    def __call__(self, text: bytes) -> int:
        self.highest = max(self.highest, int(text))
        return self.highest


class CpuTimes:
    """User and system time of `cpuacct.stat` (ticks), all three times of v2's `cpu.stat` (microseconds)."""

    def __init__(self, metrics: Sequence[Metric], fields: Sequence[str], per_second: float, text: bytes) -> None:
        self.columns: Sequence[Column] = [(metric, ()) for metric in metrics]
        self._fields = [field_at(name) for name in fields]
        self._per_second = per_second
        numbers_at(text, self._fields)

    def read(self, text: bytes) -> list[float]:
        per_second = self._per_second
        return [number / per_second for number in numbers_at(text, self._fields)]


class MemoryStat:
    """`memory.stat`: faults, kinds of memory, and the inactive page cache in place of the working set."""

    columns: Sequence[Column] = [
        (metric, ()) for metric in (MEM_FAULTS, MEM_MAJOR_FAULTS, MEM_ANON, MEM_FILE, MEM_WORKING_SET)
    ]

    def __init__(self, fields: Sequence[bytes], text: bytes) -> None:
        self._fields = fields_of(text, fields)

    def read(self, text: bytes) -> list[int]:
        return self._fields.numbers(text)


class MemoryStatWithKernel:
    """`memory.stat` of v2, which also holds the kernel memory: as one field since 5.18, before that in parts."""

    columns: Sequence[Column] = [*MemoryStat.columns, (MEM_KERNEL, ())]

    def __init__(self, text: bytes) -> None:
        kernel = ("kernel",) if has_field(text, "kernel") else cgroup_v2.KERNEL_PARTS
        self._fields = fields_of(text, [field_at(name) for name in (*cgroup_v2.MEMORY_STAT, *kernel)])
        self._own = len(cgroup_v2.MEMORY_STAT)

    def read(self, text: bytes) -> list[int]:
        numbers = self._fields.numbers(text)
        return [*numbers[: self._own], sum(numbers[self._own :])]


class NumaStat:
    """`memory.numa_stat`: pages and bytes of each NUMA node; `page` is what the file counts in [bytes]."""

    def __init__(self, parse: Callable[[bytes], dict[int, int]], page: int, text: bytes) -> None:
        self._parse = parse
        self._page = page
        self._nodes = [*parse(text)]
        levels = [(str(node),) for node in self._nodes]
        self.columns: Sequence[Column] = [
            *((MEM_NUMA_PAGES, level) for level in levels),
            *((MEM_NUMA_BYTES, level) for level in levels),
        ]

    def read(self, text: bytes) -> list[int]:
        found = self._parse(text)
        if [*found] != self._nodes:
            raise ValueError(f"now tells of the nodes {[*found]}, before of {self._nodes}")
        sizes = [count * self._page for count in found.values()]
        if self._page == PAGE_SIZE:
            return [*found.values(), *sizes]
        return [*(size // PAGE_SIZE for size in sizes), *sizes]


def _v1_memory_stat(text: bytes) -> MemoryStat:
    return MemoryStat(cgroup_v1.memory_stat_keys(text), text)


V1: tuple[Number | Table, ...] = (
    Number("memory", "memory.usage_in_bytes", MEM_USAGE),
    Number("cpuacct", "cpuacct.usage", CPU_USAGE, lambda: nanoseconds),
    Number("cpuacct", "cpuacct.usage_user", CPU_USER, lambda: nanoseconds),
    Number("cpuacct", "cpuacct.usage_sys", CPU_SYSTEM, lambda: nanoseconds),
    Table(
        "cpuacct",
        "cpuacct.stat",
        (CPU_USER, CPU_SYSTEM),
        partial(CpuTimes, (CPU_USER, CPU_SYSTEM), ("user", "system"), TICKS),
        instead_of="cpuacct.usage_user",
    ),
    Number("memory", "memory.max_usage_in_bytes", MEM_MAX_USAGE),
    Number("memory", "memory.limit_in_bytes", MEM_LIMIT, lambda: limit),
    Number("memory", "memory.soft_limit_in_bytes", MEM_SOFT_LIMIT, lambda: limit),
    Number("memory", "memory.kmem.usage_in_bytes", MEM_KERNEL),
    Table(
        "memory",
        "memory.stat",
        (MEM_FAULTS, MEM_MAJOR_FAULTS, MEM_ANON, MEM_FILE, MEM_WORKING_SET),
        _v1_memory_stat,
    ),
    Table(
        "memory",
        "memory.numa_stat",
        (MEM_NUMA_PAGES, MEM_NUMA_BYTES),
        partial(NumaStat, cgroup_v1.parse_numa_stat, PAGE_SIZE),
    ),
)

V2: tuple[Number | Table, ...] = (
    Number("memory", "memory.current", MEM_USAGE),
    Number("memory", "memory.peak", MEM_MAX_USAGE),
    Number("memory", "memory.current", MEM_MAX_USAGE, HighWater, instead_of="memory.peak"),
    Number("memory", "memory.max", MEM_LIMIT, lambda: limit),
    Number("memory", "memory.high", MEM_SOFT_LIMIT, lambda: limit),
    Number("memory", "memory.low", MEM_LOW, lambda: limit),
    Number("memory", "memory.min", MEM_MIN, lambda: limit),
    Table(
        "cpu",
        "cpu.stat",
        (CPU_USAGE, CPU_USER, CPU_SYSTEM),
        partial(CpuTimes, (CPU_USAGE, CPU_USER, CPU_SYSTEM), cgroup_v2.CPU_STAT, 1e6),
    ),
    Table(
        "memory",
        "memory.stat",
        (MEM_FAULTS, MEM_MAJOR_FAULTS, MEM_ANON, MEM_FILE, MEM_WORKING_SET, MEM_KERNEL),
        MemoryStatWithKernel,
    ),
    Table(
        "memory",
        "memory.numa_stat",
        (MEM_NUMA_PAGES, MEM_NUMA_BYTES),
        partial(NumaStat, cgroup_v2.parse_numa_stat, 1),
    ),
)
