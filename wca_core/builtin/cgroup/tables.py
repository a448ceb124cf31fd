"""Readers of the CPU and memory tables of a cgroup: `cpu.stat`, `memory.stat`, `memory.numa_stat`, `memory.events`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from wca_core.builtin.cgroup.descriptions import (
    MEM_ANON,
    MEM_EVENTS,
    MEM_FAULTS,
    MEM_FILE,
    MEM_KERNEL,
    MEM_MAJOR_FAULTS,
    MEM_NUMA_BYTES,
    MEM_NUMA_PAGES,
    MEM_STAT,
    MEM_SWAP_USAGE,
    MEM_WORKING_SET,
)
from wca_core.builtin.cgroup.source import PAGE_SIZE, Column, FieldReader, fields_named, shared
from wca_core.linux import cgroup_v1, cgroup_v2
from wca_core.linux.keyed import Fields, has_field, parse_keyed
from wca_core.model.metric import Metric, Value

MEMORY_STAT = (MEM_FAULTS, MEM_MAJOR_FAULTS, MEM_ANON, MEM_FILE, MEM_WORKING_SET)
"""In the order of the names of both versions; for the working set the inactive page cache is read."""

CpuField: TypeAlias = tuple[Metric, str, float | None]
"""A metric, its field, and how many of its units make a second; None: it is no time."""
Keys: TypeAlias = re.Pattern[str] | None
"""The keys of `memory.stat` that are told as they are: those that match at the start."""


class CpuStat(FieldReader):
    """As `FieldReader`; times are told in seconds."""

    def __init__(self, columns: tuple[Column, ...], fields: Fields, per_second: tuple[float | None, ...]) -> None:
        super().__init__(columns, fields)
        self._per_second = per_second

    def read(self, text: bytes) -> list[Value]:
        return [
            number / per_second if per_second else number
            for number, per_second in zip(super().read(text), self._per_second, strict=True)
        ]


class PartsAtTheEnd(FieldReader):
    """As `FieldReader`, but the last column is the sum of all fields that are left for it."""

    def read(self, text: bytes) -> list[Value]:
        numbers = super().read(text)
        own = len(self.columns) - 1
        return [*numbers[:own], sum(numbers[own:])]


class NumaStat:
    """`memory.numa_stat`: pages and bytes of each of these NUMA nodes; `page` is what the file counts in [bytes]."""

    def __init__(self, parse: Callable[[bytes], dict[int, int]], page: int, nodes: tuple[int, ...]) -> None:
        self._parse = parse
        self._page = page
        self._nodes = [*nodes]
        levels = [(str(node),) for node in nodes]
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


def cpu_stat(fields: Sequence[CpuField], text: bytes) -> CpuStat:
    """Times and counts of `cpu.stat` or `cpuacct.stat`: those that the file has, but at least the first."""
    found = [field for at, field in enumerate(fields) if at == 0 or has_field(text, field[1])]
    columns = tuple([(metric, ()) for metric, _, _ in found])
    named = fields_named([name for _, name, _ in found], text)
    return shared(CpuStat, columns, named, tuple([per_second for _, _, per_second in found]))


def numa_stat(parse: Callable[[bytes], dict[int, int]], page: int, text: bytes) -> NumaStat:
    """`memory.numa_stat` of the nodes that it tells of now. Raises `ValueError`."""
    return shared(NumaStat, parse, page, tuple(parse(text)))


def v1_memory_stat(keys: Keys, text: bytes) -> FieldReader:
    """Of v1: also the swap, if it is accounted. Raises `ValueError` if a field is missing."""
    names = [cgroup_v1.memory_stat_name(text, name) for name in cgroup_v1.MEMORY_STAT]
    missing = [name for name, found in zip(cgroup_v1.MEMORY_STAT, names, strict=True) if found is None]
    if missing:
        raise ValueError(f"has no field {missing[0]}")
    swap = cgroup_v1.memory_stat_name(text, "swap")
    told = _told(keys, text)
    columns = [*_plain(MEMORY_STAT), *_plain([MEM_SWAP_USAGE] if swap else []), *_by_name(MEM_STAT, told)]
    named = fields_named([name for name in (*names, swap, *told) if name], text)
    return shared(FieldReader, tuple(columns), named)


def v2_memory_stat(keys: Keys, text: bytes) -> FieldReader:
    """Of v2: also the kernel memory, as one field since Linux 5.18, before that in parts."""
    told = _told(keys, text)
    kernel = ("kernel",) if has_field(text, "kernel") else cgroup_v2.KERNEL_PARTS
    columns = (*_plain(MEMORY_STAT), *_by_name(MEM_STAT, told), *_plain([MEM_KERNEL]))
    kind = FieldReader if len(kernel) == 1 else PartsAtTheEnd
    return shared(kind, columns, fields_named([*cgroup_v2.MEMORY_STAT, *told, *kernel], text))


def memory_events(text: bytes) -> FieldReader:
    """`memory.events`: every key, since new kernels add some. Raises `ValueError`."""
    names = list(parse_keyed(text))
    return shared(FieldReader, tuple(_by_name(MEM_EVENTS, names)), fields_named(names, text))


def v1_oom_kills(text: bytes) -> FieldReader | None:
    """`memory.oom_control` of v1, which counts since Linux 4.13."""
    parse_keyed(text)
    if not has_field(text, "oom_kill"):
        return None
    return shared(FieldReader, ((MEM_EVENTS, ("oom_kill",)),), fields_named(["oom_kill"], text))


def _plain(metrics: Iterable[Metric]) -> list[Column]:
    return [(metric, ()) for metric in metrics]


def _by_name(metric: Metric, names: Iterable[str]) -> list[Column]:
    return [(metric, (name,)) for name in names]


def _told(keys: Keys, text: bytes) -> list[str]:
    return [] if keys is None else [name for name in parse_keyed(text) if keys.match(name)]
