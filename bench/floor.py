"""What the C floor is told to do: the same files as the agent in the same order, and the very page the agent wrote.

The files are those that the agent's probe finds in the first cgroup; all others are like it. The page is
taken apart: every value of a task becomes a place for a number found in a file, everything else
(headers, labels, the agent's own metrics) stays as it is. A sample whose number is not known here
ends the measurement, so the floor cannot write less than the agent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from wca_core.builtin.cgroup.files import Choice
from wca_core.builtin.cgroup.files_v1 import TICKS
from wca_core.builtin.cgroup.probe import Probe
from wca_core.builtin.cgroup.source import PAGE_SIZE
from wca_core.host import Host
from wca_core.linux.cgroup_v2 import KERNEL_PARTS, LRU
from wca_core.model.task import Task

SAMPLE = re.compile(r"(?P<head>^(?P<name>task_\w+)\{(?P<labels>.*)\} )(?P<value>\S+)$", re.MULTILINE)
TASK_ID = re.compile(r'task_id="([^"]*)"')
LEVEL = re.compile(r'(?:numa_node|event)="(\w+)"')
CONSTANT = frozenset({"task_up", "task_subcontainers", "task_measurement_errors"})
PRESSURE = "task_pressure_"
"""Samples of the floor that stay as they are: it reads the pressure files, but does not look into them."""

Words = tuple[str, ...]
"""What stands before a number in a file, each word somewhere behind the one before."""
PLAIN: tuple[Words, ...] = ((),)
AS_IS = "* 1"
NANOSECONDS = ". 9"
MICROSECONDS = ". 6"
LESS_USAGE = "less usage"
NODE = "NODE"
"""In the place of the NUMA node or the event of a sample."""


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
_IO = {
    "io_service_bytes": ("read_bytes", "write_bytes", "discard_bytes"),
    "io_serviced": ("reads", "writes", "discards"),
}
"""A task that sleeps has no device listed, so all numbers are 0."""

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
    "task_cpu_periods": (_fields("cpu.stat", "nr_periods"),),
    "task_cpu_throttled_periods": (_fields("cpu.stat", "nr_throttled"),),
    "task_cpu_throttled_seconds": (
        _fields("cpu.stat", "throttled_time", operation=NANOSECONDS),
        _fields("cpu.stat", "throttled_usec", operation=MICROSECONDS),
    ),
    "task_cpu_bursts": (_fields("cpu.stat", "nr_bursts"),),
    "task_cpu_burst_seconds": (
        _fields("cpu.stat", "burst_time", operation=NANOSECONDS),
        _fields("cpu.stat", "burst_usec", operation=MICROSECONDS),
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
    "task_mem_swap_usage_bytes": (
        Place("memory.memsw.usage_in_bytes", operation=LESS_USAGE),
        Place("memory.swap.current"),
    ),
    "task_mem_swap_limit_bytes": (Place("memory.memsw.limit_in_bytes"), Place("memory.swap.max")),
    "task_mem_events": (
        _fields("memory.oom_control", NODE),
        _fields("memory.events", NODE),
        Place("memory.failcnt"),
    ),
    **{
        f"task_io_{kind}": (Place(f"blkio.throttle.{file}_recursive", (("^Total ",),)), Place("io.stat", ()))
        for file, kinds in _IO.items()
        for kind in kinds
    },
    "task_pids": (Place("pids.current"),),
    "task_mem_numa_pages": (
        Place("memory.numa_stat", _V1_NODE),
        Place("memory.numa_stat", _V2_NODE, f"/ {PAGE_SIZE}"),
    ),
    "task_mem_numa_bytes": (Place("memory.numa_stat", _V1_NODE, f"* {PAGE_SIZE}"), Place("memory.numa_stat", _V2_NODE)),
}
"""By metric, cgroup v1 first; the first place that the files of a cgroup have is right."""


UNTOLD = {"task_cpu_periods": "task_cpu_limit_cpus", "task_pids": "task_pids_limit"}
"""Limits that are read, but not told while there is none, by a metric that is told then."""

Column = tuple[str, str]
"""A metric and its NUMA node or event, which is empty for most."""


class Layout:
    """The numbers of one cgroup, numbered from 0, and how the values of a task are made of them."""

    def __init__(self, paths: Sequence[str], columns: Sequence[Column]) -> None:
        self._paths = {Path(path).name: path for path in paths}
        self._texts = {name: "\n" + Path(path).read_text() for name, path in self._paths.items()}
        found = [self._found(column) for column in columns]
        wanted = dict.fromkeys((place.file, words) for place in found for words in place.numbers)
        usage = next(iter(self._paths)), ()
        if any(place.operation in ("- 0", LESS_USAGE) for place in found):
            wanted = dict.fromkeys((usage, *wanted))
        self.numbers = [one for name in self._paths for one in wanted if one[0] == name]
        places = {one: at for at, one in enumerate(self.numbers)}
        self._values = {
            column: (place.operation, [places[place.file, words] for words in place.numbers])
            for column, place in zip(columns, found, strict=True)
        }

    def lines(self, of_first: str, of_this: str) -> Iterator[str]:
        """The files of one cgroup with their numbers."""
        for name, path in self._paths.items():
            yield f"file {path.replace(of_first, of_this)}"
            yield from ("number " + "\t".join(words) for file, words in self.numbers if file == name)

    def value(self, column: Column, task: int) -> str:
        """How a value of a task is made."""
        operation, numbers = self._values[column]
        before = task * len(self.numbers)
        if operation == LESS_USAGE:
            return f"value - 0 {numbers[0] + before} {before}"
        if operation == "- 0":
            return f"value - 0 {before} {numbers[0] + before}"
        return f"value {operation} {' '.join(str(number + before) for number in numbers)}"

    def _found(self, column: Column) -> Place:
        metric, node = column
        for place in PLACES.get(metric, ()):
            numbers = tuple(tuple(word.replace(NODE, node) for word in words) for words in place.numbers)
            if all(self._has(place.file, words) for words in numbers):
                return Place(place.file, numbers, place.operation)
        raise BenchError(f"the floor does not know where {metric} comes from")

    def _has(self, file: str, words: Words) -> bool:
        at = 0
        for word in words:
            at = self._texts.get(file, "").find(word.replace("^", "\n"), at)
            if at < 0:
                return False
        return file in self._texts


def description(page: str, tasks: Sequence[str], more_files: Sequence[str] = ()) -> str:
    """The text for the floor, for a page that the agent wrote of these tasks.

    `more_files` are read too, but what the agent makes of them stays as it was. Raises `BenchError` for
    a sample of which it is not known where it comes from.
    """
    if not tasks:
        return "".join([*(f"file {path}\n" for path in more_files), _text(page)])
    samples = [match for match in SAMPLE.finditer(page) if _comes_from_cgroups(match)]
    columns = list(dict.fromkeys(_column(match) for match in samples if match["name"] != "task_last_seen"))
    told = {metric for metric, _ in columns}
    untold = {limit for beside, limit in UNTOLD.items() if beside in told}
    layout = Layout(files_of(tasks[0], told | untold), columns)
    lines = [line for task in tasks for line in layout.lines(f"/{tasks[0]}/", f"/{task}/")]
    lines += [f"file {path}" for path in more_files]
    numbers = {task: at for at, task in enumerate(tasks)}
    return "".join([*(f"{line}\n" for line in lines), *_pieces(page, samples, layout, numbers)])


def files_of(task: str, metrics: set[str]) -> list[str]:
    """The files that the agent reads of a cgroup for these metrics, in its order."""
    asked = Task(task_id=task, name=task, cgroup_path=f"/{task}")
    return Probe(Host(), Choice(lambda metric: metric.name in metrics)).offer(asked, f"/{task}").paths


def _comes_from_cgroups(sample: re.Match[str]) -> bool:
    return sample["name"] not in CONSTANT and not sample["name"].startswith(PRESSURE)


def _pieces(page: str, samples: Sequence[re.Match[str]], layout: Layout, tasks: dict[str, int]) -> Iterator[str]:
    done = 0
    for match in samples:
        yield _text(page[done : match.start("value")])
        if match["name"] == "task_last_seen":
            yield "value now\n"
        else:
            yield layout.value(_column(match), tasks[_label(TASK_ID, match).strip("/")]) + "\n"
        done = match.end("value")
    yield _text(page[done:])


def _text(text: str) -> str:
    return f"text {len(text.encode())}\n{text}\n"


def _column(match: re.Match[str]) -> Column:
    return match["name"], _label(LEVEL, match)


def _label(pattern: re.Pattern[str], match: re.Match[str]) -> str:
    found = pattern.search(match["labels"])
    return found[1] if found else ""
