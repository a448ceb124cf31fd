"""Allocations as samples: what each task has, what a dry run would have given it, and the counts since the start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from wca_core.enforcement.ids import ids_of
from wca_core.enforcement.merging import is_same
from wca_core.errors import ContractError
from wca_core.gathering import Concatenation
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.metric import Metric, Sample, Samples, Series, Value, are_plain_numbers, counter, gauge
from wca_core.model.rdt_allocation import RDTAllocation, parse_line, parse_mask
from wca_core.model.statistics import Statistics
from wca_core.model.task import Task

IDENTITY = ("allocation_type", "container_name", "task")
IN_GROUP = ("allocation_type", "group_name", "domain_id", "container_name", "task")

NUMBERS = {
    AllocationType.CPU_QUOTA: "Part of all CPUs that the task may use; 1: no limit.",
    AllocationType.CPU_SHARES: "CPU shares in multiples of cpu_shares_unit.",
    AllocationType.CPUSET_MEMORY_MIGRATE: "Whether pages follow the task's memory nodes.",
    AllocationType.MIGRATE_PAGES: "NUMA node to which the task's pages were moved in this step.",
    AllocationType.MEMORY_HIGH: "Bytes above which the task's memory is reclaimed; no sample without a limit.",
    AllocationType.MEMORY_MIN: "Bytes that are never reclaimed from the task.",
    AllocationType.MEMORY_LOW: "Bytes that are reclaimed from the task only if nothing else can be.",
    AllocationType.CPU_IDLE: "Whether the task runs only when nothing else wants to.",
    AllocationType.CPU_BURST: "Part of its quota that the task may save up.",
}
SETS = {
    AllocationType.CPUSET_CPUS: ("allocation_cpuset_cpus_number_of_cpus", "CPUs that the task may use."),
    AllocationType.CPUSET_MEMS: ("allocation_cpuset_mems_number_of_mems", "Memory nodes that the task may use."),
}
IN_LINES = {
    "l3": (
        ("allocation_rdt_l3_cache_ways", "L3 cache ways of the task's control group."),
        ("allocation_rdt_l3_mask", "Mask of L3 cache ways of the task's control group."),
    ),
    "l3_code": (("allocation_rdt_l3_code_mask", "Mask of L3 cache ways for code."),),
    "l3_data": (("allocation_rdt_l3_data_mask", "Mask of L3 cache ways for data."),),
    "mb": (("allocation_rdt_mb", "Memory bandwidth of the task's control group, as the machine counts it."),),
}

COUNT = Metric("allocations_count", "Tasks in the accepted outputs of allocators.", counter)
ERRORS = Metric("allocations_errors", "Steps in which an invalid output of allocators was dropped.", counter)
DURATION = Metric("allocation_duration", "Duration of the last call of all allocators.", gauge, unit="seconds")
CONFLICTS = Metric("allocations_conflicts", "Wishes that an earlier allocator's went before.", counter)
WRITES = Metric("allocations_writes", "Writes that changed the machine.", counter, levels=("type",))
DRIFT = Metric("allocations_drift", "Values that somebody else changed.", counter, levels=("type",))
CLAMPED = Metric("allocations_clamped", "Wishes that a guard rail clamped.", counter, levels=("type",))
REFUSED = Metric("allocations_refused", "Wishes that a guard rail refused.", counter, levels=("type",))
DRY_RUN = Metric("allocations_dry_run", "Changes that a dry run did not write.", counter, levels=("type",))
WRITE_ERRORS = Metric("wca_allocation_write_errors", "Failed writes.", counter, levels=("type", "errno"))
ROLLBACKS = Metric("wca_allocation_rollbacks", "Tasks whose writes were undone.", counter, levels=("type",))
AUDIT_ERRORS = Metric("wca_allocation_audit_errors", "Records that the audit log could not take.", counter)


@dataclass(frozen=True, slots=True)
class Family:
    """The metrics of allocations under one prefix."""

    prefix: str = "allocation_"
    help: str = ""
    by_name: dict[str, Metric] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind, text in NUMBERS.items():
            self._add(f"allocation_{kind}", text, IDENTITY)
        for name, text in SETS.values():
            self._add(name, text, IDENTITY)
        for described in IN_LINES.values():
            for name, text in described:
                self._add(name, text, IN_GROUP)

    def metric(self, name: str) -> Metric:
        """By its name in the family `allocation_`."""
        return self.by_name[name]

    def _add(self, name: str, text: str, levels: tuple[str, ...]) -> None:
        own = self.prefix + name.removeprefix("allocation_")
        self.by_name[name] = Metric(own, text + self.help, gauge, levels=levels)


IN_FORCE = Family()
PLANNED = Family("allocation_planned_", " Not written: dry run.")
COUNTERS = (COUNT, ERRORS, DURATION, CONFLICTS, WRITES, DRIFT, CLAMPED, REFUSED, DRY_RUN)
FAILURES = (WRITE_ERRORS, ROLLBACKS, AUDIT_ERRORS)
ALLOCATION_METRICS = (*COUNTERS, *FAILURES, *IN_FORCE.by_name.values(), *PLANNED.by_name.values())


@dataclass(slots=True)
class AllocationCounts:
    """What was counted since the agent started, beside what transactions count."""

    count: int = 0
    errors: int = 0
    conflicts: int = 0
    duration: float = 0.0
    """Seconds, of the last step that asked allocators."""
    drift: Counter[str] = field(default_factory=Counter)
    clamped: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    dry_run: Counter[str] = field(default_factory=Counter)
    types: set[AllocationType] = field(default_factory=set)
    """Seen in force or wished: each has its counters from then on, also at 0."""

    def samples(self, statistics: Statistics) -> Iterator[Sample]:
        yield COUNT.sample(self.count)
        yield ERRORS.sample(self.errors)
        yield DURATION.sample(self.duration)
        yield CONFLICTS.sample(self.conflicts)
        yield AUDIT_ERRORS.sample(statistics.audit_errors)
        by_type: dict[Metric, Mapping[str, int]] = {
            WRITES: statistics.writes,
            DRIFT: self.drift,
            CLAMPED: self.clamped,
            REFUSED: self.refused,
            DRY_RUN: self.dry_run,
            ROLLBACKS: statistics.rollbacks,
        }
        for metric, counts in by_type.items():
            for kind in sorted({*self.types, *counts}):
                yield metric.series_at(None, (str(kind),)).at(counts.get(kind, 0))
        for (kind, errno), number in sorted(statistics.write_errors.items()):
            yield WRITE_ERRORS.series_at(None, (str(kind), errno)).at(number)


class AllocationSamples:
    """Makes samples of allocations, step after step: what stays equal is not encoded again."""

    def __init__(self, family: Family = IN_FORCE) -> None:
        self._family = family
        self._encoded: dict[tuple[str, AllocationType], _Encoded] = {}
        self._concatenation = Concatenation()

    def of(self, allocations: Iterable[Allocation], tasks: Mapping[str, Task]) -> Samples:
        """Of those whose tasks are among `tasks`."""
        before, self._encoded = self._encoded, {}
        values: list[Value] = []
        parts: list[tuple[Series, ...]] = []
        for allocation in allocations:
            task = tasks.get(allocation.task_id)
            if task is None:
                continue
            place = allocation.task_id, allocation.type
            known = before.get(place)
            if known is None or known.task is not task or not is_same(known.value, allocation.value):
                known = _Encoded.of(allocation, task, self._family)
            self._encoded[place] = known
            parts.append(known.series)
            values += known.values
        return Samples(self._concatenation.of(parts), values)


@dataclass(frozen=True, slots=True)
class _Encoded:
    """One allocation as columns."""

    task: Task
    value: object
    series: tuple[Series, ...]
    values: tuple[Value, ...]

    @classmethod
    def of(cls, allocation: Allocation, task: Task, family: Family) -> _Encoded:
        """Without a column if the value cannot be shown as numbers."""
        try:
            columns = list(_columns(allocation, task, family))
        except (ContractError, TypeError, ValueError):
            columns = []
        columns = [(series, value) for series, value in columns if are_plain_numbers((value,))]
        series, values = tuple([one for one, _ in columns]), tuple([one for _, one in columns])
        return cls(task, allocation.value, series, values)


def container_name(task: Task) -> str:
    """The cgroup path of a task as one word, which also names its groups of resctrl."""
    return task.cgroup_path.lstrip("/").replace("/", "-")


def _columns(allocation: Allocation, task: Task, family: Family) -> Iterator[tuple[Series, Value]]:
    kind, value = allocation.type, allocation.value
    own = container_name(task), task.task_id
    if kind in SETS:
        yield family.metric(SETS[kind][0]).series_at(task, (str(kind), *own)), len(ids_of(value))
    elif kind in NUMBERS and isinstance(value, int | float):
        number = float(value) if isinstance(value, float) else int(value)  # no boolean, nothing of numpy
        yield family.metric(f"allocation_{kind}").series_at(task, (str(kind), *own)), number
    elif isinstance(value, RDTAllocation):
        group = container_name(task) if value.name is None else value.name
        for name, line in value.lines():
            for domain, amount in parse_line(name, line).items() if name in IN_LINES else ():
                for metric, number in _in_line(name, amount):
                    levels = metric.removeprefix("allocation_"), group, str(domain), *own
                    yield family.metric(metric).series_at(task, levels), number


def _in_line(name: str, amount: str) -> Iterator[tuple[str, int]]:
    """The metrics of one domain in a line, and their numbers."""
    for metric, _ in IN_LINES[name]:
        if metric.endswith("_mask"):
            yield metric, parse_mask(amount)
        elif metric.endswith("_ways"):
            yield metric, parse_mask(amount).bit_count()
        else:
            yield metric, int(amount)
