"""The machine of the documented examples, its tasks, and what an allocator makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wca_numa.allocator import NUMAAllocator

from wca_core.enforcement.ids import canonical
from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.metric import Metric, Sample, Samples, Value, gauge
from wca_core.model.platform import Platform
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.testing import make_task

GB = 1e9
CPUS = {0: frozenset(range(12)), 1: frozenset(range(12, 24))}
FREE = {0: 70 * GB, 1: 90 * GB}
USED = {0: 58 * GB, 1: 38 * GB}
UNPINNED = frozenset(range(24))

PAGES = Metric("task_mem_numa_pages", "Pages.", gauge, levels=("numa_node",))
NODE_FREE = Metric("platform_mem_numa_free_bytes", "Free.", gauge, unit="bytes", levels=("numa_node",))
NODE_USED = Metric("platform_mem_numa_used_bytes", "Used.", gauge, unit="bytes", levels=("numa_node",))
SWAP = Metric("platform_swap_total_bytes", "Swap.", gauge, unit="bytes")
SIZES = {
    name: Metric(f"task_mem_{name}_bytes", "Size.", gauge, unit="bytes")
    for name in ("limit", "soft_limit", "max_usage", "usage")
}


@dataclass(frozen=True)
class Given:
    """A task as the allocator shall see it."""

    name: str
    memory: float | str | None = None
    """What it asked for [bytes]."""
    pages: Mapping[int, Value] = field(default_factory=dict)
    cpus: frozenset[int] | None = UNPINNED
    """In force; None: not known."""
    sizes: Mapping[str, Value] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def task(self) -> Task:
        resources = {} if self.memory is None else {"mem": self.memory}
        return make_task(f"/{self.name}", task_id=self.name, labels=self.labels, resources=resources)


@dataclass(frozen=True)
class Machine:
    """Two nodes, if nothing else is said."""

    cpus: Mapping[int, frozenset[int]] = field(default_factory=lambda: CPUS)
    free: Mapping[int, float] = field(default_factory=lambda: FREE)
    used: Mapping[int, float] = field(default_factory=lambda: USED)
    with_memory: frozenset[int] | None = None
    """None: all nodes."""
    swap: int = 0

    def snapshot(self, *given: Given) -> Snapshot:
        tasks = {one.name: one.task for one in given}
        samples = [
            *(NODE_FREE.sample(size, numa_node=node) for node, size in self.free.items()),
            *(NODE_USED.sample(size, numa_node=node) for node, size in self.used.items()),
            SWAP.sample(self.swap),
            *(PAGES.sample(n, tasks[one.name], numa_node=node) for one in given for node, n in one.pages.items()),
            *(SIZES[name].sample(size, tasks[one.name]) for one in given for name, size in one.sizes.items()),
        ]
        in_force = [
            Allocation(one.name, AllocationType.CPUSET_CPUS, canonical(one.cpus))
            for one in given
            if one.cpus is not None
        ]
        return Snapshot(
            now=0.0,
            tasks=list(tasks.values()),
            samples=Samples.of(samples),
            allocations=in_force,
            platform=Platform(
                topology={0: {cpu: (cpu,) for cpus in self.cpus.values() for cpu in cpus}},
                node_cpus=self.cpus,
                node_has_memory=frozenset(self.cpus) if self.with_memory is None else self.with_memory,
            ),
        )


@dataclass(frozen=True)
class Output:
    """What an allocator gave in one call."""

    wishes: Mapping[str, Mapping[str, object]]
    """By task and type."""
    samples: Sequence[Sample]

    def value(self, metric: str, task: str | None = None, **levels: str) -> Value | None:
        """The value of the only sample with these labels; None without one."""
        found = [one.value for one in self.samples if one.name == metric and _is_of(one, task, levels)]
        assert len(found) < 2, f"{len(found)} samples of {metric}"
        return found[0] if found else None


def call(allocator: NUMAAllocator, snapshot: Snapshot) -> Output:
    """One call of `allocate`."""
    items = list(allocator.allocate(snapshot))
    wishes: dict[str, dict[str, object]] = {}
    for item in items:
        if isinstance(item, Allocation):
            assert item.type not in wishes.get(item.task_id, {}), f"wished twice: {item}"
            wishes.setdefault(item.task_id, {})[str(item.type)] = item.value
    return Output(wishes, [item for item in items if isinstance(item, Sample)])


def all_of(node: int) -> str:
    """The CPUs of a node as they are wished."""
    return ",".join(map(str, sorted(CPUS[node])))


def _is_of(sample: Sample, task: str | None, levels: Mapping[str, str]) -> bool:
    owner = sample.series.task
    return (owner.task_id if owner else None) == task and levels.items() <= sample.labels.items()
