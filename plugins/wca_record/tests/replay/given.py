"""Recorded steps made by hand, and plugins to feed them to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wca_record.schema import FORMAT
from wca_record.step import About, RecordedStep
from wca_record.writer import Writer

from wca_core.model.allocation import Allocation, AllocationType
from wca_core.model.anomaly import Anomaly, ContendedResource
from wca_core.model.metric import Metric, Sample, Samples, counter, gauge
from wca_core.model.platform import Platform
from wca_core.model.snapshot import Snapshot
from wca_core.model.task import Task
from wca_core.plugin_api import hookimpl, plugin
from wca_core.testing import make_task

BEGUN = 1_700_000_000.0
USAGE = Metric("task_cpu_usage_seconds", "CPU time.", counter, unit="seconds")
MEMORY = Metric("task_mem_usage_bytes", "Memory.", gauge, unit="bytes")
LOAD = Metric("acme_load", "CPUs used.", gauge)
PLATFORM = Platform(topology={0: {0: (0, 1), 1: (2, 3)}}, node_cpus={0: frozenset({0, 1, 2, 3})})
WEB, BATCH = make_task("/web"), make_task("/batch")


def recorded(
    cpus: Sequence[Mapping[str, float]],
    *,
    tasks: Sequence[Task] = (WEB, BATCH),
    in_force: Sequence[Allocation] = (),
    memory: float | None = None,
) -> list[RecordedStep]:
    """A step a second, in which these tasks, by id, had used so many CPUs since the one before."""
    series = [USAGE.sample(0.0, task).series for task in tasks]
    series += [MEMORY.sample(0, task).series for task in tasks if memory is not None]
    used = dict.fromkeys((task.task_id for task in tasks), 0.0)
    steps = []
    for number, growth in enumerate(cpus):
        used = {task_id: seconds + growth.get(task_id, 0.0) for task_id, seconds in used.items()}
        values = [*used.values(), *([memory] * len(tasks) if memory is not None else [])]
        steps.append(
            RecordedStep(
                number=number,
                now=BEGUN + number,
                steady=50.0 + number,
                tasks=tasks,
                samples=Samples(series, [*values]),
                platform=PLATFORM,
                allocations=tuple(in_force),
            )
        )
    return steps


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Hungry:
    """Says that whoever uses more CPUs than this starves all others."""

    most: float = 1.0

    @hookimpl
    def detect(self, snapshot: Snapshot) -> Iterator[Anomaly | Sample]:
        loads = {task.task_id: snapshot.rate(USAGE, task) for task in snapshot.tasks}
        hungry = tuple(task_id for task_id, load in loads.items() if load is not None and load > self.most)
        for task in snapshot.tasks:
            load = loads[task.task_id]
            if load is not None:
                yield LOAD.sample(load, task)
            if hungry and task.task_id not in hungry:
                context = tuple(LOAD.sample(loads[one] or 0.0) for one in hungry)
                yield Anomaly(
                    contended_task_id=task.task_id,
                    contending_task_ids=hungry,
                    resource=ContendedResource.CPUS,
                    context=context,
                )


@plugin(api=1)
@dataclass(eq=False, kw_only=True)
class Wishing:
    """Wishes the same in every step, and notes what it was shown."""

    wishes: Sequence[object] = ()
    seen: list[Snapshot] = field(default_factory=list)
    told: list[Sequence[Anomaly]] = field(default_factory=list)
    in_force: list[Mapping[AllocationType, object]] = field(default_factory=list)

    @hookimpl
    def allocate(self, snapshot: Snapshot, anomalies: Sequence[Anomaly]) -> Sequence[object]:
        self.seen.append(snapshot)
        self.told.append(anomalies)
        self.in_force.append(snapshot.allocations_of(snapshot.tasks[0]))
        return self.wishes


def quota(value: object, task: Task = BATCH) -> Allocation:
    return Allocation(task.task_id, AllocationType.CPU_QUOTA, value)


def written(path: Path, steps: Sequence[RecordedStep], *, host: str = "node-7") -> Path:
    """A recording of these steps, in two chunks."""
    labels = {"host": host, "rack": "r1"}
    about = About(format=FORMAT, host=host, wca_version="0.1.0", started=BEGUN, interval=1.0, labels=labels)
    writer = Writer(about)
    parts = []
    for at, step in enumerate(steps):
        writer.add(step)
        if at == len(steps) // 2:
            parts.append(writer.taken())
    path.write_bytes(b"".join([*parts, writer.taken(), writer.end()]))
    return path


def starvation() -> list[RecordedStep]:
    """What `starvation.arrows` was written of: `/batch` starves `/web` in seconds 3, 4 and 7."""
    calm, storm = {WEB.task_id: 0.5, BATCH.task_id: 0.5}, {WEB.task_id: 0.25, BATCH.task_id: 2.0}
    return recorded([calm, calm, calm, storm, storm, calm, calm, storm, calm, calm], in_force=[quota(1.0)])
