"""What the C floor is told to do: the same files as the agent in the same order, and the very page the agent wrote.

The files are those that the agent's probe finds in each cgroup. The page is taken apart: every value of a
task becomes a place for a number found in a file, everything else (headers, labels, the agent's own
metrics) stays as it is. A sample whose number is not known here ends the measurement, so the floor
cannot write less than the agent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bench.errors import BenchError
from wca_core.builtin.cgroup_files import PAGE_SIZE, TICKS
from wca_core.builtin.cgroup_probe import Complaints, probe
from wca_core.host import Host
from wca_core.linux.cgroup_v2 import KERNEL_PARTS, LRU
from wca_core.model.task import Task

SAMPLE = re.compile(rb"(?P<name>task_\w+)\{(?P<labels>.*)\} (?P<value>\S+)\n")
TASK_ID = re.compile(rb'task_id="([^"]*)"')
NUMA_NODE = re.compile(rb'numa_node="(\d+)"')
CONSTANT = frozenset({b"task_up", b"task_subcontainers", b"task_measurement_errors"})

Words = tuple[str, ...]
"""What stands before a number in a file, each word somewhere behind the one before."""
PLAIN: tuple[Words, ...] = ((),)
AS_IS = "* 1"
NANOSECONDS = ". 9"
MICROSECONDS = ". 6"
NODE = "NODE"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a metric comes from: the sum of numbers of one file, and what is done with it."""

    file: str
    numbers: tuple[Words, ...] = PLAIN
    operation: str = AS_IS


def _fields(file: str, *names: str, operation: str = AS_IS) -> Place:
    return Place(file, tuple((f"^{name} ",) for name in names), operation)


_V1_NODE = (("hierarchical_total=", f" N{NODE}="),)
_V2_NODE = tuple((f"^{name.decode()} ", f" N{NODE}=") for name in LRU)
_V1_TICKS = f". {len(str(TICKS)) - 1}"

PLACES: dict[str, Sequence[Place]] = {
    "task_cpu_usage_seconds": (
        Place("cpuacct.usage", operation=NANOSECONDS),
        _fields("cpu.stat", "usage_usec", operation=MICROSECONDS),
    ),
    "task_cpu_user_seconds": (
        Place("cpuacct.usage_user", operation=NANOSECONDS),
        _fields("cpuacct.stat", "user", operation=_V1_TICKS),
        _fields("cpu.stat", "user_usec", operation=MICROSECONDS),
    ),
    "task_cpu_system_seconds": (
        Place("cpuacct.usage_sys", operation=NANOSECONDS),
        _fields("cpuacct.stat", "system", operation=_V1_TICKS),
        _fields("cpu.stat", "system_usec", operation=MICROSECONDS),
    ),
    "task_mem_usage_bytes": (Place("memory.usage_in_bytes"), Place("memory.current")),
    "task_mem_max_usage_bytes": (Place("memory.max_usage_in_bytes"), Place("memory.peak"), Place("memory.current")),
    "task_mem_limit_bytes": (Place("memory.limit_in_bytes"), Place("memory.max")),
    "task_mem_soft_limit_bytes": (Place("memory.soft_limit_in_bytes"), Place("memory.high")),
    "task_mem_low_bytes": (Place("memory.low"),),
    "task_mem_min_bytes": (Place("memory.min"),),
    "task_mem_page_faults": (_fields("memory.stat", "total_pgfault"), _fields("memory.stat", "pgfault")),
    "task_mem_major_page_faults": (_fields("memory.stat", "total_pgmajfault"), _fields("memory.stat", "pgmajfault")),
    "task_mem_anon_bytes": (_fields("memory.stat", "total_rss"), _fields("memory.stat", "anon")),
    "task_mem_file_bytes": (_fields("memory.stat", "total_cache"), _fields("memory.stat", "file")),
    "task_mem_kernel_bytes": (
        Place("memory.kmem.usage_in_bytes"),
        _fields("memory.stat", "kernel"),
        _fields("memory.stat", *KERNEL_PARTS),
    ),
    "task_mem_working_set_bytes": (
        _fields("memory.stat", "total_inactive_file", operation="- 0"),
        _fields("memory.stat", "inactive_file", operation="- 0"),
    ),
    "task_mem_numa_pages": (
        Place("memory.numa_stat", _V1_NODE),
        Place("memory.numa_stat", _V2_NODE, f"/ {PAGE_SIZE}"),
    ),
    "task_mem_numa_bytes": (Place("memory.numa_stat", _V1_NODE, f"* {PAGE_SIZE}"), Place("memory.numa_stat", _V2_NODE)),
}
"""By metric, cgroup v1 first; the first place that the files of a cgroup have is right."""


@dataclass(slots=True)
class _File:
    path: str
    text: str
    numbers: dict[Words, int] = field(default_factory=dict)
    """By what stands before it: the how manieth number of this cgroup it is; counted on when first asked for."""

    def has(self, words: Words) -> bool:
        at = 0
        for word in words:
            word = word.replace("^", "\n")
            at = ("\n" + self.text).find(word, at)
            if at < 0:
                return False
            at += len(word)
        return True


def description(page: bytes, tasks: Iterable[str]) -> tuple[bytes, int]:
    """The text for the floor, for a page of the agent with these tasks, and how many files it names.

    Raises `BenchError` for a sample of which it is not known where it comes from.
    """
    host = Host()
    metrics = frozenset(match["name"].decode() for match in SAMPLE.finditer(page))
    files = {task: _files(host, task, metrics) for task in tasks}
    pieces = list(_pieces(page, files))
    numbered = _numbered(files)
    lines = [line for of_task in files.values() for line in _file_lines(of_task)]
    written = [piece if isinstance(piece, bytes) else _value(piece, numbered) for piece in pieces]
    return b"".join([*(f"{line}\n".encode() for line in lines), *written]), sum(map(len, files.values()))
